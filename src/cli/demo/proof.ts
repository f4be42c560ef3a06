/**
 * What truly landed, read from the bare repository alone: whatever the hub says, a task counts only
 * when one commit with its trailer is in the history of the branch, built on the commit that the
 * demo began with, and the branch holds what the task was to make.
 */
import { containsCommit } from '../../git/history.ts';
import type { Part } from './plan.ts';
import type { Copy } from './source.ts';

export interface Expected {
  id: string;
  part: Part;
}

interface Promised {
  id: string;
  part: Pick<Part, 'title' | 'proof'>;
}

export interface Landed {
  commit: string;
  taskId: string;
  subject: string;
}

/** Each thing that is not as it should be, in words; nothing where all is well. */
export async function missing(copy: Copy, expected: readonly Promised[]): Promise<string[]> {
  const { git, dir, branch, base } = copy;
  const args = ['rev-parse', '--verify', `refs/heads/${branch}^{commit}`];
  const tip = await git.text(args, { gitDir: dir });
  if (!(await containsCommit({ git, dir }, { base: tip, commit: base }))) {
    return [`${branch} has lost the commit that it began with (${base})`];
  }
  const landed = await landedOn(copy);
  const problems = await Promise.all(expected.map((task) => problemsOf(copy, landed, task)));
  return problems.flat();
}

/** The commits that came to the branch, oldest first. */
export async function landedOn({ git, dir, branch, base }: Copy): Promise<Landed[]> {
  const format = '--format=%H%x09%(trailers:key=Signalbox-Task,valueonly,separator=%x2C)%x09%s';
  const range = `${base}..refs/heads/${branch}`;
  const text = await git.text(['log', '--reverse', format, range, '--'], { gitDir: dir });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [commit = '', taskId = '', ...subject] = line.split('\t');
    return { commit, taskId, subject: subject.join('\t') };
  });
}

async function problemsOf(
  copy: Copy,
  landed: readonly Landed[],
  { id, part }: Promised,
): Promise<string[]> {
  const commits = landed.filter(({ taskId }) => taskId === id).length;
  const { path, holds } = part.proof;
  const { git, dir, branch } = copy;
  const args = ['cat-file', 'blob', `refs/heads/${branch}:${path}`];
  const content = await git.run(args, { gitDir: dir, okCodes: [0, 128] });
  const problems = [];
  if (commits !== 1) problems.push(`${commits} commits of "${part.title}" are on ${branch}, not 1`);
  if (!content.stdout.toString('utf8').includes(holds)) {
    problems.push(`"${part.title}" is not on ${branch}: ${path} lacks "${holds}"`);
  }
  return problems;
}

/** The branch as a person looks at it: the landed commits, and the one that they are built on. */
export async function graph(copy: Copy, isColoured: boolean): Promise<string[]> {
  const { git, dir, branch, base } = copy;
  const who = '%(trailers:key=Signalbox-Agent,valueonly,separator=%x2C)';
  const attempt = '%(trailers:key=Signalbox-Attempt,valueonly,separator=%x2C)';
  const format = `--format=%C(yellow)%h%C(auto)%d%C(reset) %s%x09${who}%x09${attempt}`;
  const count = (await landedOn(copy)).length + 1;
  const colour = isColoured ? 'always' : 'never';
  const args = ['log', '--graph', '--decorate=short', `--color=${colour}`, `-n${count}`, format];
  const only = [`--decorate-refs=refs/heads/${branch}`, '--decorate-refs=HEAD'];
  const text = await git.text([...args, ...only, `refs/heads/${branch}`, '--'], { gitDir: dir });
  return text.split('\n').map((line) => {
    const [shown = '', agent = '', number = ''] = line.split('\t');
    const isFirst = line.includes(base.slice(0, 7)) && agent === '';
    if (agent === '') return isFirst ? `${shown}  (where it began)` : shown;
    return `${shown}  (${agent}, attempt ${number})`;
  });
}
