/** `task submit --wait` against a hub that says what the test wants: the seam is the wire. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { aTask } from '../../contract/task.fixture.ts';
import type { Event } from '../../contract/index.ts';
import { makeHome, startScriptedHub } from '../fixture.ts';
import type { Answers, Home, Running, ScriptedHub } from '../fixture.ts';

const ID = 'tsk_000000000000000000000';
const CHANGE = 'chg_000000000000000000000';
const AT = 1_700_000_000_000;
const WAIT = { timeout: 15_000, interval: 20 };

let home: Home;
let hub: ScriptedHub | undefined;

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await home.close();
  hub?.close();
});

const task = aTask({
  id: ID,
  body: '',
  state: 'dead',
  reason: 'the check failed',
  agent: null,
  failures: 1,
  failuresMax: 1,
  createdAtMs: AT,
  endedAtMs: AT,
});

function attempt(failure: string): object {
  const times = { offeredAtMs: AT, acceptedAtMs: AT, startedAtMs: AT, endedAtMs: AT };
  return { number: 1, fence: 1, agent: 'ada', ...times, outcome: 'check_failed', failure };
}

function event(type: Event['type'], subject: string): Event {
  const data = { attempt: 1, ...(subject === ID ? {} : { taskId: ID }) };
  const seq = 5 + (hub?.asked.length ?? 0);
  return { seq, atMs: AT, type, subject, actor: 'ada', audience: null, data };
}

async function waiting(answers: Answers, ...more: string[]): Promise<[ScriptedHub, Running]> {
  const started = await startScriptedHub(home, {
    'event.list': () => ({ items: [], nextCursor: 4, headCursor: 4 }),
    'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }),
    ...answers,
  });
  hub = started;
  const wait = home.start(['task', 'submit', 'Say hello', '--wait', ...more]);
  await vi.waitUntil(() => started.subscriptions.length === 1, WAIT);
  return [started, wait];
}

test('a task that does not move says once what it waits for, and anew when that changes', async () => {
  let asked = 0;
  const facts = (): object => {
    asked += 1;
    const [fact, frees] = asked < 3 ? ['nobody is there', 'Start one.'] : ['all busy', 'One ends.'];
    return { fact: `${fact} for ${asked} s`, holder: null, untilMs: null, frees };
  };
  const [, wait] = await waiting({
    why: () => ({ id: ID, kind: 'task', state: 'queued', summary: '', facts: [facts()] }),
  });
  await wait.until('  it waits: all busy for 3 s. One ends.');
  const lines = wait.stdout().split('\n');
  expect(lines.filter((line) => line.includes('it waits'))).toHaveLength(2);
  expect(lines).toContain('  it waits: nobody is there for 1 s. Start one.');
}, 30_000);

test('what only a human can do is said, with the line that does it', async () => {
  const [there, wait] = await waiting({
    'task.show': () => ({ task, attempts: [attempt('exit code 1\n\nnot ok 1\nnot ok 2')] }),
  });
  there.tell(event('change.awaiting', CHANGE));
  for (const word of ['show', 'approve', 'decline']) {
    await wait.until(`signalbox change ${word} ${CHANGE}`);
  }
  there.tell({ ...event('change.rejected', CHANGE), seq: 20 });
  there.tell({ ...event('task.dead', ID), seq: 21 });
  const { code, stdout, stderr } = await wait.ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/change\.rejected.*\n {2}│ not ok 1\n {2}│ not ok 2\n.*task\.dead/);
  expect(stdout.match(/not ok 1/g)).toHaveLength(1);
  expect(stderr).toContain(`hint: Put it back with all its retries: signalbox task retry ${ID}`);
});

test('what a human said against a change is no output of a check', async () => {
  const [there, wait] = await waiting({
    'task.show': () => ({ task, attempts: [attempt('not so')] }),
  });
  there.tell(event('change.rejected', CHANGE));
  there.tell({ ...event('task.dead', ID), seq: 21 });
  expect((await wait.ended).stdout).not.toContain('│');
});

test('a task that is there already is followed to its end, and one that has ended is told', async () => {
  let now: object = { ...task, state: 'queued', endedAtMs: null };
  const there = await startScriptedHub(home, {
    'event.list': () => ({ items: [], nextCursor: 4, headCursor: 4 }),
    'task.show': () => ({ task: now, attempts: [], children: [] }),
  });
  hub = there;
  const wait = home.start(['task', 'wait', ID]);
  await vi.waitUntil(() => there.subscriptions.length === 1, WAIT);
  now = { ...task, state: 'done', endedAtMs: AT };
  there.tell(event('task.done', ID));
  expect(await wait.ended).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^.*task\.done/),
  });
  now = task;
  const dead = await home.run(['task', 'wait', ID]);
  expect(dead).toMatchObject({ code: 1, stderr: expect.stringContaining('signalbox task retry') });
  expect(there.subscriptions).toHaveLength(1);
});
