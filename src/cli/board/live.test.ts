/** `status --watch`, against a hub that says what the test wants, and on a terminal that is none. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Output as Answer, SignalboxError } from '../../contract/index.ts';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from '../fixture.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { createScreen } from '../terminal/screen.ts';

const AT = 1_700_000_000_000;
const WAIT = { timeout: 15_000, interval: 20 };

let home: Home;
let hub: ScriptedHub;
let status: Answer<'hub.status'>;

beforeEach(async () => {
  home = await makeHome();
  const empty = { items: [], nextCursor: null };
  status = {
    version: '9.9.9',
    engine: 'sqlite',
    startedAtMs: AT,
    nowMs: AT + 60_000,
    cursor: 7,
    tasks: { running: 1 },
    changes: {},
    agents: { idle: 2 },
    oldestQueuedAtMs: null,
    spent: { today: { tokens: 0, costMicros: 0 }, ever: { tokens: 0, costMicros: 0 } },
    hold: null,
    missedMatches: 0,
  };
  hub = await startScriptedHub(home, {
    'hub.status': () => status,
    'agent.list': () => empty,
    'task.waiting': () => ({ lanes: [], first: [] }),
    'change.list': () => empty,
    'task.list': () => empty,
    'event.list': () => ({ items: [], nextCursor: 4, headCursor: 4 }),
  });
});
afterEach(async () => {
  await home.close();
  hub.close();
});

function tell(seq: number): void {
  const data = {};
  const news = { seq, atMs: AT, type: 'task.done' as const, subject: 'x', actor: 'ada', data };
  hub.tell({ ...news, audience: null });
}

test('what agents have in hand is asked for; what is gone by then is left out', async () => {
  const none = { note: null, blockedBy: null, lastTask: null, hold: null };
  const agents = [
    { ...none, name: 'carol', state: 'offline', taskId: null },
    { ...none, name: 'bob', state: 'idle', taskId: null },
    { ...none, name: 'ada', state: 'working', taskId: 'tsk_a', note: 'testing' },
    { ...none, name: 'zoe', state: 'working', taskId: 'tsk_gone' },
  ];
  hub.answers['agent.list'] = () => ({ items: agents, nextCursor: null });
  hub.answers['task.show'] = (input) => {
    if (JSON.stringify(input).includes('gone')) throw new SignalboxError('not_found', 'Gone.');
    const attempts = [{ startedAtMs: AT + 30_000, offeredAtMs: AT }];
    return { task: { title: 'Build the API', availableAtMs: AT }, attempts, children: [] };
  };
  const task = { id: 'tsk_w', title: 'Train', lane: 'high', sinceMs: AT };
  hub.answers['task.waiting'] = () => ({ lanes: [], first: [task, { ...task, id: 'tsk_gone' }] });
  hub.answers['why'] = (input) => {
    if (JSON.stringify(input).includes('gone')) throw new SignalboxError('not_found', 'Gone.');
    const fact = { fact: 'nobody can', holder: null, untilMs: null, frees: 'Start one.' };
    return { id: 'tsk_w', kind: 'task', state: 'queued', summary: '', facts: [fact] };
  };
  const { code, stdout, stderr } = await home.run(['status']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.slice(stdout.indexOf('Agents')).split('\n')).toEqual([
    'Agents',
    '  working  ada  30 s  Build the API',
    '                testing',
    '  working  zoe',
    '  idle     bob',
    '',
    'Waits first',
    '  tsk_w  1 m  Train',
    '    nobody can. Start one.',
    '  tsk_gone  1 m  Train',
    '',
  ]);
});

test('in a pipe there is a line each time that the numbers change, until Ctrl-C', async () => {
  const watch = home.start(['status', '--watch']);
  await watch.until('tasks: 1 running  changes: none  agents: 2 idle\n');
  await vi.waitUntil(() => hub.subscriptions.length === 1, WAIT);
  tell(5);
  status = { ...status, nowMs: AT + 90_000, cursor: 8 };
  tell(6);
  status = { ...status, tasks: { done: 1 } };
  tell(7);
  await watch.until('tasks: 1 done  changes: none  agents: 2 idle\n');
  watch.child.kill('SIGINT');
  const { code, stdout, stderr } = await watch.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toHaveLength(2);
});

test('with --json each line is the output of the operation', async () => {
  const watch = home.start(['status', '--watch', '--json']);
  await watch.until('}\n');
  expect(JSON.parse(watch.stdout())).toEqual(status);
  watch.child.kill('SIGINT');
  expect((await watch.ended).code).toBe(0);
});

test('a hub that goes and comes back is waited for', async () => {
  const watch = home.start(['status', '--watch']);
  await watch.until('1 running');
  await vi.waitUntil(() => hub.subscriptions.length === 1, WAIT);
  for (const wire of hub.sockets) wire.terminate();
  status = { ...status, tasks: { done: 2 } };
  await watch.until('Connected.');
  await watch.until('2 done');
  watch.child.kill('SIGINT');
  expect((await watch.ended).code).toBe(0);
}, 30_000);

interface Terminal {
  output: Output;
  written: string[];
  resize: (columns: number) => void;
}

function terminal(): Terminal {
  const written: string[] = [];
  let width = 80;
  const plain = createOutput(process, {}, false);
  const output: Output = {
    ...plain,
    isTty: true,
    raw: (text) => void written.push(text),
    get columns() {
      return width;
    },
  };
  return { output, written, resize: (columns) => (width = columns) };
}

test('a block is drawn over the one before it, without clearing the screen', () => {
  const { output, written } = terminal();
  const screen = createScreen(output, {});
  screen.draw(['one', 'two']);
  screen.draw(['three', 'four']);
  expect(written[1]).toBe('\r\u001b[2Athree\u001b[K\nfour\u001b[K\u001b[J');
  screen.settle();
  expect(written[2]).toContain('\u001b[?25h');
});

test('after the window was resized, or something else was written, a block begins anew', () => {
  const { output, written, resize } = terminal();
  const screen = createScreen(output, {});
  screen.draw(['one']);
  resize(40);
  screen.draw(['one']);
  expect(written[1]).toContain('\u001b[2J\u001b[Hone');
  screen.forget();
  screen.draw(['one']);
  expect(written[2]).toBe('\u001b[?25lone\u001b[K\u001b[J');
  screen.settle();
});
