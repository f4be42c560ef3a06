/** How a worktree stands: its branch, what is unfinished in it, and what is uncommitted. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { SignalboxError } from '../contract/errors.ts';
import { type Clone, contentOf } from './open.ts';

export type Unfinished = 'rebase' | 'merge' | 'cherry-pick' | 'revert' | 'bisect';

export interface CloneState {
  /** Null where no branch is checked out. In a rebase: the one that is rebased. */
  branch: string | null;
  /** Null before the first commit. */
  head: string | null;
  unfinished: Unfinished | null;
  /** Paths with something that is in no commit, each once. */
  uncommitted: string[];
  /** Those of them with a conflict. */
  conflicts: string[];
}

const STATUS = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=normal'];

export async function stateOf(clone: Clone): Promise<CloneState> {
  const { git, top } = clone;
  // What is uncommitted inside of a submodule is a matter of that; which commit it is at, of ours.
  const { stdout } = await git.run([...STATUS, '--ignore-submodules=dirty'], { cwd: top });
  const state = read(stdout.toString('utf8').split('\0'));
  const unfinished = await unfinishedIn(clone);
  const branch = unfinished === 'rebase' ? await rebasedBranch(clone) : state.branch;
  return { ...state, branch: branch ?? state.branch, unfinished };
}

type Read = Omit<CloneState, 'unfinished'>;

function read(fields: readonly string[]): Read {
  const state: Read = { branch: null, head: null, uncommitted: [], conflicts: [] };
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? '';
    const [kind = ''] = field;
    if (field.startsWith('# branch.oid ')) state.head = idIn(field.slice(13));
    else if (field.startsWith('# branch.head ')) state.branch = nameIn(field.slice(14));
    else if (kind in PATH_AT) {
      const path = field.split(' ').slice(PATH_AT[kind]).join(' ');
      state.uncommitted.push(path);
      if (kind === 'u') state.conflicts.push(path);
      // A move names where from, too.
      if (kind === '2') at++;
    }
  }
  return state;
}

/** How many words stand before the path, by the first sign of a line. */
const PATH_AT: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10, '?': 1 };

function idIn(text: string): string | null {
  return text === '(initial)' ? null : text;
}

function nameIn(text: string): string | null {
  return text === '(detached)' ? null : text;
}

const MARKS: readonly (readonly [string, Unfinished])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
];

async function unfinishedIn({ gitDir }: Clone): Promise<Unfinished | null> {
  for (const [name, what] of MARKS) {
    if ((await lstat(join(gitDir, name)).catch(() => null)) !== null) return what;
  }
  return null;
}

async function rebasedBranch({ gitDir }: Clone): Promise<string | null> {
  for (const folder of ['rebase-merge', 'rebase-apply']) {
    const name = await contentOf(join(gitDir, folder, 'head-name'));
    if (name?.startsWith('refs/heads/') === true) return name.slice(11).trim();
  }
  return null;
}

/** How to go on with what is unfinished, and how to undo it. */
export function waysOn(what: Unfinished): string {
  if (what === 'bisect') return 'End it: git bisect reset';
  return (
    `Resolve the conflicts, \`git add\` them, then go on: git ${what} --continue. ` +
    `Or undo it: git ${what} --abort`
  );
}

/** Refuses where git was left in the middle of something. */
export function mustBeFinished({ unfinished }: CloneState): void {
  if (unfinished === null) return;
  throw new SignalboxError('conflict', `A ${unfinished} is unfinished in this clone.`, {
    hint: waysOn(unfinished),
  });
}

const TOLD_MAX = 10;

/** Refuses where something is uncommitted; `hint` says what to do about it here. */
export function mustBeClean({ uncommitted }: CloneState, hint: string): void {
  const [first] = uncommitted;
  if (first === undefined) return;
  const named = uncommitted.slice(0, TOLD_MAX).map((path) => JSON.stringify(path).slice(1, -1));
  const more = uncommitted.length > TOLD_MAX ? `, and ${uncommitted.length - TOLD_MAX} more` : '';
  throw new SignalboxError('conflict', `Not committed yet: ${named.join(', ')}${more}.`, {
    hint,
    details: { uncommitted: uncommitted.slice(0, 200) },
  });
}
