/**
 * The commit that is tested and then lands: a change on top of the base as it is now.
 *
 * It is made in memory (`git merge-tree`), without a worktree, hooks or an index. The same change
 * on the same base gives the same commit id, because each commit keeps its times: work that a crash
 * cut off is found again and not doubled. A straight line of commits is replayed one by one; one
 * with merges in it, or whose single steps do not fit though the whole does, becomes a merge.
 */
import { isGitError } from './git-error.ts';
import type { Store } from './history.ts';
import { containsCommit, mergeBase, mustHave, treeOf } from './history.ts';
import { identityEnv } from './identity.ts';
import { moveCommit } from './raw-commit.ts';

export type RebaseOutcome =
  | { kind: 'ready'; commit: string; how: 'as_is' | 'rebased' | 'merged' }
  /** The base has all of it already. */
  | { kind: 'contained' }
  /** `output` is for the author: what git says about each path. */
  | { kind: 'conflict'; paths: string[]; output: string };

const OUTPUT_CHARS_MAX = 8_000;
const COMMITS_MAX = 500;

/** `head` is the change, `base` the tip of the base branch; both are in the mirror. */
export async function rebaseOnto(
  store: Store,
  pair: { head: string; base: string },
): Promise<RebaseOutcome> {
  const { head, base } = pair;
  await Promise.all([mustHave(store, head), mustHave(store, base)]);
  if (await containsCommit(store, { base, commit: head })) return { kind: 'contained' };
  if (await containsCommit(store, { base: head, commit: base })) {
    return { kind: 'ready', commit: head, how: 'as_is' };
  }
  if ((await mergeBase(store, base, head)) === null) {
    const output = 'The change shares no history with the base branch.';
    return { kind: 'conflict', paths: [], output };
  }
  const whole = await merge(store, base, head);
  if (whole.kind === 'conflict') return whole;
  if (whole.tree === (await treeOf(store, base))) return { kind: 'contained' };
  const committer = await committerOf(store);
  const replayed = await replay({ store, base, head, committer });
  if (replayed === base) return { kind: 'contained' };
  if (replayed !== null) return { kind: 'ready', commit: replayed, how: 'rebased' };
  const commit = await mergeCommit(store, { base, head, tree: whole.tree, committer });
  return { kind: 'ready', commit, how: 'merged' };
}

type Merged = { kind: 'clean'; tree: string } | Extract<RebaseOutcome, { kind: 'conflict' }>;

async function merge(store: Store, ours: string, theirs: string): Promise<Merged> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', ours, theirs];
  const { exitCode, stdout } = await store.git.run(args, { gitDir: store.dir, okCodes: [0, 1] });
  const [tree = '', ...rest] = stdout.toString('utf8').split('\0');
  if (exitCode === 0) return { kind: 'clean', tree };
  const end = rest.indexOf('');
  const paths = rest.slice(0, end === -1 ? rest.length : end);
  const output = messages(rest.slice(paths.length + 1)).slice(0, OUTPUT_CHARS_MAX);
  return { kind: 'conflict', paths, output };
}

/** Each message is: how many paths, the paths, its kind, its text. */
function messages(fields: readonly string[]): string {
  let text = '';
  for (let index = 0; index < fields.length && fields[index] !== '';) {
    const count = Number(fields[index]);
    const [kind = '', words = ''] = fields.slice(index + count + 1, index + count + 3);
    if (kind !== 'Auto-merging') text += words.endsWith('\n') ? words : `${words}\n`;
    index += count + 3;
  }
  return text.trimEnd();
}

interface Replay {
  store: Store;
  base: string;
  head: string;
  committer: string;
}

/** The tip of the replayed line, or null where it is not a line or a step does not fit. */
async function replay({ store, base, head, committer }: Replay): Promise<string | null> {
  const steps = await stepsOf(store, base, head);
  if (steps === null) return null;
  let onto = base;
  for (const { commit, parent } of steps) {
    // merge-tree takes the merge base from history (an explicit one needs git 2.40), so what we
    // have so far is shown to it as a child of the step's parent.
    const tree = await treeOf(store, onto);
    const ours = await make(store, `tree ${tree}\nparent ${parent}\n${NOBODY}`);
    const merged = await merge(store, ours, commit);
    if (merged.kind === 'conflict') return null;
    const wasEmpty = (await treeOf(store, commit)) === (await treeOf(store, parent));
    if (merged.tree === tree && !wasEmpty) continue;
    const args = ['cat-file', 'commit', commit];
    const { stdout } = await store.git.run(args, { gitDir: store.dir });
    const moved = moveCommit(stdout, { tree: merged.tree, parent: onto, committer });
    const made = await make(store, moved).catch(onlyOther);
    if (made === null) return null;
    onto = made;
  }
  return onto;
}

/** git takes no new commit with, say, an author as old tools wrote it; the merge keeps the old. */
function onlyOther(error: unknown): null {
  if (isGitError(error, 'other')) return null;
  throw error;
}

/** Commits of the change, oldest first, or null if one of them is a merge or has no parent. */
async function stepsOf(
  store: Store,
  base: string,
  head: string,
): Promise<{ commit: string; parent: string }[] | null> {
  const args = ['rev-list', '--reverse', '--topo-order', '--parents', `^${base}`, head, '--'];
  const text = await store.git.text(args, { gitDir: store.dir });
  const steps: { commit: string; parent: string }[] = [];
  for (const line of text.split('\n')) {
    const [commit = '', parent, ...others] = line.split(' ');
    if (parent === undefined || others.length > 0) return null;
    steps.push({ commit, parent });
  }
  return steps.length > COMMITS_MAX ? null : steps;
}

const NOBODY = ['author', 'committer']
  .map((who) => `${who} Signalbox <signalbox@localhost> 0 +0000\n`)
  .join('')
  .concat('\nstep\n');

async function make(store: Store, input: string | Uint8Array): Promise<string> {
  const args = ['hash-object', '-t', 'commit', '-w', '--stdin'];
  return store.git.text(args, { gitDir: store.dir, input });
}

interface MergeCommit {
  base: string;
  head: string;
  tree: string;
  committer: string;
}

async function mergeCommit(store: Store, parts: MergeCommit): Promise<string> {
  const { base, head, tree, committer } = parts;
  const at = { gitDir: store.dir };
  const time = await store.git.text(['show', '-s', '--format=%ct +0000', head, '--'], at);
  const subject = await store.git.text(['show', '-s', '--format=%s', head, '--'], at);
  const people = `author ${committer} ${time}\ncommitter ${committer} ${time}\n`;
  const parents = `parent ${base}\nparent ${head}\n`;
  return make(store, `tree ${tree}\n${parents}${people}\nMerge: ${subject}\n`);
}

/** `Name <email>` of whoever runs this. */
async function committerOf(store: Store): Promise<string> {
  const env = await identityEnv(store.git, { gitDir: store.dir });
  const args = ['var', 'GIT_COMMITTER_IDENT'];
  const ident = await store.git.text(args, { gitDir: store.dir, env });
  return ident.replace(/ \d+ [+-]\d+$/, '');
}
