/**
 * What is remembered of work in a clone: a file for each attempt, in git's own folder, where no
 * commit can take it along. All worktrees of the clone share it, and the branch finds it.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SignalboxError } from '../contract/errors.ts';
import { CommitId, Fence, TaskId } from '../contract/shape.ts';
import { attemptBranch } from '../git/names.ts';
import { type Clone, commitAt, contentOf } from './open.ts';

export const Work = z.strictObject({
  taskId: TaskId,
  attempt: z.int().min(1),
  fence: Fence,
  title: z.string(),
  /** Whose token it was taken with. */
  agent: z.string(),
  /** Its address; of the user's own hub the data folder, which outlives an address. */
  hub: z.string(),
  branch: z.string(),
  remote: z.string(),
  /** Null: whichever branch the remote's HEAD names. */
  baseBranch: z.string().nullable(),
  /** The commit that the branch was cut from. */
  start: CommitId,
  /** `open` until it was handed in or given back. */
  state: z.enum(['open', 'handed_in', 'given_back']),
  /** What was handed in; null before that. */
  head: CommitId.nullable(),
});
export type Work = z.infer<typeof Work>;

export async function keepWork(clone: Clone, work: Work): Promise<void> {
  const file = join(folderOf(clone), nameOf(work));
  await mkdir(folderOf(clone), { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(work, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

/** The work that a branch is for; undefined for branches of other kinds. */
export async function workOn(clone: Clone, branch: string | null): Promise<Work | undefined> {
  const [, taskId = '', attempt = ''] = /^signalbox\/([^/]+)\/(\d+)$/.exec(branch ?? '') ?? [];
  return read(clone, `${taskId}.${attempt}.json`);
}

/** What is in hand in this clone, whatever is checked out. */
export async function openWork(clone: Clone): Promise<Work[]> {
  const names = await readdir(folderOf(clone)).catch(() => []);
  const all = await Promise.all(names.map((name) => read(clone, name)));
  return all.filter((work) => work !== undefined).filter(({ state }) => state === 'open');
}

/** What was taken by the branch that is checked out, or a refusal that says where it is. */
export async function mustHaveWork(clone: Clone, branch: string | null): Promise<Work> {
  const work = await workOn(clone, branch);
  if (work !== undefined) return work;
  const here = branch === null ? 'No branch is checked out' : `${branch} is no branch of a task`;
  const open = await openWork(clone);
  const others = open.map((one) => `git switch ${one.branch}`).join(' or ');
  throw new SignalboxError('conflict', `${here}.`, {
    hint: others === '' ? 'Take a task first: signalbox git start' : `Your work: ${others}`,
    details: { open: open.map(({ taskId }) => taskId) },
  });
}

/** Forgets attempts whose branch is gone. */
export async function forgetGone(clone: Clone): Promise<void> {
  for (const name of await readdir(folderOf(clone)).catch(() => [])) {
    const work = await read(clone, name);
    if (work === undefined || work.state === 'open') continue;
    const tip = await commitAt(clone, `refs/heads/${work.branch}`);
    if (tip === null) await rm(join(folderOf(clone), name), { force: true });
  }
}

async function read(clone: Clone, name: string): Promise<Work | undefined> {
  if (!/^tsk_[0-9a-z]+\.\d+\.json$/.test(name)) return undefined;
  const text = await contentOf(join(folderOf(clone), name));
  if (text === null) return undefined;
  try {
    return Work.parse(JSON.parse(text));
  } catch (cause) {
    throw new SignalboxError('invalid_input', `${join(folderOf(clone), name)} is damaged.`, {
      hint: 'Remove the file and run `signalbox git start TASK_ID` again: the branch stays.',
      cause,
    });
  }
}

function folderOf({ commonDir }: Clone): string {
  return join(commonDir, 'signalbox', 'work');
}

function nameOf({ taskId, attempt }: Work): string {
  return `${taskId}.${attempt}.json`;
}

export function branchOf(task: { id: string; attempt: number }): string {
  return attemptBranch(task.id, task.attempt);
}
