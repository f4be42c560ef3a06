import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { messageWithTrailers } from '../../git/message.ts';
import { createGit } from '../../git/run.ts';
import { planIn, type Part } from './plan.ts';
import { graph, landedOn, missing, type Expected } from './proof.ts';
import { freeFolder, makeCopy, type Copy } from './source.ts';

const [SIGN] = planIn('signalbox-demo');

async function sample(): Promise<Copy> {
  const root = await mkdtemp(join(tmpdir(), 'signalbox-proof-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, 'plain'));
  const signal = new AbortController().signal;
  const wanted = { repo: 'plain', cwd: root, signal, onProgress: () => {} };
  return makeCopy({ ...wanted, git: createGit({ env: {} }), dir: join(root, 'copy.git') });
}

function expected(): Expected {
  if (SIGN === undefined) throw new Error('the plan is empty');
  return { id: 'tsk_1', part: SIGN };
}

/** Puts one commit with these words in the file of a part on the branch. */
async function land(
  copy: Copy,
  part: Part,
  { text, id }: { text: string; id: string },
): Promise<void> {
  const { git, dir, branch } = copy;
  const message = messageWithTrailers(part.title, { 'Signalbox-Task': id });
  const data = (content: string): string => `data ${Buffer.byteLength(content)}\n${content}\n`;
  const input = [
    `commit refs/heads/${branch}\ncommitter Ada <ada@example.org> 1700000000 +0000\n`,
    `${data(message)}from refs/heads/${branch}^0\n`,
    `M 100644 inline ${part.proof.path}\n${data(text)}`,
  ].join('');
  await git.run(['fast-import', '--quiet'], { gitDir: dir, input });
}

test('a task has landed when one commit names it and the branch holds its work', async () => {
  const copy = await sample();
  const task = expected();
  await land(copy, task.part, { text: 'Signalbox Central\n', id: task.id });
  expect(await missing(copy, [task])).toEqual([]);
  const [landed] = await landedOn(copy);
  expect(landed).toMatchObject({ taskId: 'tsk_1', subject: task.part.title });
  expect((await graph(copy, false)).join('\n')).toMatch(/\(HEAD -> main\).*\n.*where it began/);
  expect(await freeFolder(copy)).toBe('signalbox-demo');
});

test('a task without a commit of its own is missing, whoever else did the work', async () => {
  const copy = await sample();
  const task = expected();
  expect(await missing(copy, [task])).toHaveLength(2);
  await land(copy, task.part, { text: 'Signalbox Central\n', id: 'tsk_2' });
  expect(await missing(copy, [task])).toEqual([
    '0 commits of "Put up the station sign" are on main, not 1',
  ]);
});

test('a commit that names a task and lacks its work is no proof', async () => {
  const copy = await sample();
  const task = expected();
  await land(copy, task.part, { text: 'nothing of the kind\n', id: task.id });
  expect(await missing(copy, [task])).toEqual([
    '"Put up the station sign" is not on main: signalbox-demo/sign.txt lacks "Signalbox Central"',
  ]);
});

test('a branch that was rewritten proves nothing', async () => {
  const copy = await sample();
  const other = await sample();
  const task = expected();
  await land(copy, task.part, { text: 'Signalbox Central\n', id: task.id });
  const base = await other.git.text(['commit-tree', `${other.base}^{tree}`, '-m', 'Other'], {
    gitDir: copy.dir,
    env: {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a',
    },
  });
  expect(await missing({ ...copy, base }, [task])).toEqual([
    `main has lost the commit that it began with (${base})`,
  ]);
});
