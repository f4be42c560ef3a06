/** `task submit --file` against a hub that says what the test wants: the seam is the wire. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SignalboxError, type Event } from '../contract/index.ts';
import { makeHome, startScriptedHub } from './fixture.ts';
import type { Answers, Home, Running, ScriptedHub } from './fixture.ts';

const AT = 1_700_000_000_000;
const WAIT = { timeout: 15_000, interval: 20 };
const A = idOf('a');
const B = idOf('b');
const C = idOf('c');

let home: Home;
let hub: ScriptedHub;

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await home.close();
  hub.close();
});

function idOf(letter: string): string {
  return `tsk_${letter.repeat(21)}`;
}

async function localHub(answers: Answers): Promise<void> {
  hub = await startScriptedHub(home, answers);
}

const FILE = `
- {ref: a, title: First}
- {ref: b, title: Second, after: [a]}
- {ref: c, title: Third, after: [b]}
`;

function submitted(isExisting = false): object {
  const task = { fence: 0, isExisting: false };
  return {
    tasks: [
      { ref: 'a', id: A, state: 'queued', ...task, isExisting },
      { ref: 'b', id: B, state: 'blocked', ...task },
      { ref: 'c', id: C, state: 'blocked', ...task },
    ],
  };
}

test('all tasks of a file are submitted by one call, and counted', async () => {
  await localHub({ 'batch.submit': () => submitted(true) });
  const ended = await home.run(['task', 'submit', '--file', '-'], { stdin: FILE });
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/note: no repository,/) });
  expect(ended.stdout).toContain(`${B}  blocked  b    Second\n`);
  expect(ended.stdout).toContain('First (was there)');
  expect(ended.stdout).toContain('3 tasks: 2 blocked · 1 queued; 1 was there already\n');
  expect(hub.asked).toEqual([
    {
      operation: 'batch.submit',
      input: {
        tasks: [
          { ref: 'a', title: 'First' },
          { ref: 'b', title: 'Second', after: ['a'] },
          { ref: 'c', title: 'Third', after: ['b'] },
        ],
      },
      token: 'sbx_admin',
    },
  ]);
  const json = await home.run(['task', 'submit', '--file', '-', '--json'], { stdin: FILE });
  expect(JSON.parse(json.stdout)).toEqual(submitted(true));
});

test('a dry run and a file that is wrong ask nothing of the hub', async () => {
  await localHub({});
  await writeFile(join(home.root, 'tasks.yaml'), FILE);
  const file = ['task', 'submit', '--file', 'tasks.yaml'];
  const dry = await home.run([...file, '--dry-run']);
  expect(dry).toEqual({
    code: 0,
    stderr: expect.stringMatching(/note: no repository,.*\nhint: .*--repo URL\n$/),
    stdout: '3 tasks\n└─ a  First\n   └─ b  Second  after a\n      └─ c  Third  after b\n',
  });
  const json = await home.run([...file, '--dry-run', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ tasks: [{ ref: 'a' }, {}, {}] });
  const one = await home.run(['task', 'submit', 'Alone', '--lane', 'high', '--dry-run']);
  expect(one.stdout).toBe('1 task\n└─ Alone  high\n');
  await writeFile(join(home.root, 'tasks.yaml'), '- {title: A, lane: x}');
  const wrong = await home.run(file);
  expect(wrong).toMatchObject({ code: 64, stdout: '' });
  expect(wrong.stderr).toContain('  tasks.yaml:1:14: lane: `x` is none; give one of: urgent');
  const told = await home.run([...file, '--json']);
  expect(JSON.parse(told.stderr)).toMatchObject({
    code: 'invalid_input',
    details: { problems: [{ place: { line: 1, column: 14 }, field: 'lane' }] },
  });
  expect(hub.asked).toEqual([]);
});

test.each([
  [['Title', '--file', 'x'], 'error: --file does not go together with a title.'],
  [['--file', 'x', '--body', 'y'], 'error: --file does not go together with --body.'],
  [['--file', 'x', '--unique-ever', 'y'], 'error: --file does not go together with --unique-ever.'],
  [
    ['Title', '--unique', 'x', '--unique-ever', 'y'],
    'error: One of --unique and --unique-ever is enough.',
  ],
  [['--file', 'x', '--unique', 'y'], 'error: --file does not go together with --unique.'],
  [[], 'error: The task has no title.'],
  [['Title', '--deadline', 'soon'], 'error: --deadline does not take `soon`.'],
])('task submit %j is refused', async (args, error) => {
  await localHub({});
  const ended = await home.run(['task', 'submit', ...args]);
  expect(ended).toMatchObject({ code: 64, stdout: '' });
  expect(ended.stderr.split('\n')[0]).toBe(error);
});

let seq = 5;
function tell(type: Event['type'], subject: string, reason?: string): void {
  seq += 1;
  const data = reason === undefined ? {} : { reason };
  hub.tell({ seq, atMs: AT, type, subject, actor: 'ada', audience: null, data });
}

async function waiting(file: string, answers: Answers = {}): Promise<Running> {
  await localHub({
    'event.list': () => ({ items: [], nextCursor: 4, headCursor: 4 }),
    'batch.submit': () => submitted(),
    ...answers,
  });
  await writeFile(join(home.root, 'tasks.yaml'), file);
  const wait = home.start(['task', 'submit', '--file', 'tasks.yaml', '--wait']);
  await vi.waitUntil(() => hub.subscriptions.length === 1, WAIT);
  return wait;
}

test('--wait stays until each task of the file is done', async () => {
  const wait = await waiting(FILE);
  expect(hub.subscriptions[0]?.after).toBe(4);
  for (const id of [A, B]) tell('task.done', id);
  tell('task.done', idOf('x'));
  await wait.until('(1 to go)');
  tell('task.done', C);
  const { code, stdout } = await wait.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('3 tasks: 3 done\n');
  expect(stdout).not.toContain(idOf('x'));
});

test('--wait ends where what is left waits for a person, and says how to go on', async () => {
  const wait = await waiting(FILE);
  tell('task.done', A);
  tell('task.dead', B, 'three times wrong');
  const { code, stdout, stderr } = await wait.ended;
  expect(code).toBe(1);
  expect(stdout).toContain(`${B}  dead  three times wrong\n${C}  blocked\n`);
  expect(stdout).toContain('3 tasks: 1 blocked · 1 done · 1 dead\n');
  expect(stderr).toContain(`hint: Put one back with all its retries: signalbox task retry ${B}\n`);
});

test('--wait goes on where a task is cancelled with the one before it', async () => {
  const wait = await waiting(FILE.replaceAll('after', 'cancelWithout: true, after'));
  tell('task.failed', A);
  await wait.until('(2 to go)');
  tell('task.cancelled', B);
  await wait.until('(1 to go)');
  tell('task.cancelled', C);
  expect((await wait.ended).code).toBe(1);
});

test('Ctrl-C leaves the tasks alone, and a quiet time is explained', async () => {
  const fact = { fact: 'nobody is there', holder: null, untilMs: null, frees: 'Start one.' };
  const why = { id: A, kind: 'task', state: 'queued', summary: '', facts: [fact] };
  const wait = await waiting(FILE, { why: () => why });
  await wait.until(`  ${A} waits: nobody is there. Start one.`);
  wait.child.kill('SIGINT');
  const { code, stderr } = await wait.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('They go on without us: signalbox task list');
});

test('a refusal of the hub is told, and nothing was submitted', async () => {
  await localHub({
    'batch.submit': () => {
      throw new SignalboxError('not_found', 'There is no such task.', { hint: 'Look again.' });
    },
  });
  const ended = await home.run(['task', 'submit', '--file', '-'], { stdin: FILE });
  expect(ended).toEqual({
    code: 66,
    stdout: '',
    stderr: 'error: There is no such task.\nhint: Look again.\n',
  });
});
