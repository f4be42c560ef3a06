import { expect, test } from 'vitest';
import type { Agent, Change, Task } from '../../contract/index.ts';
import { createOutput, type Output } from '../terminal/output.ts';
import { clipped, textWidth, wrapped } from '../terminal/width.ts';
import { boardLines } from './lines.ts';
import type { Board } from './look.ts';

const NOW = 1_700_000_000_000;
const MINUTE_MS = 60_000;
const URL = 'http://127.0.0.1:8080';

const piped = createOutput(process, { FORCE_COLOR: '' }, false);
const terminal = (columns: number): Output => ({ ...piped, isTty: true, columns });

function idOf(kind: string, letter: string): string {
  return `${kind}_${letter.repeat(21)}`;
}

const NOTHING = { tokens: 0, costMicros: 0 };

const empty: Board = {
  status: {
    version: '9.9.9',
    engine: 'sqlite',
    startedAtMs: NOW - MINUTE_MS,
    nowMs: NOW,
    cursor: 7,
    tasks: { dead: 5 },
    changes: {},
    agents: {},
    oldestQueuedAtMs: null,
    spent: { today: NOTHING, ever: NOTHING },
    hold: null,
    missedMatches: 0,
  },
  answeredMs: 3,
  agents: [],
  agentsMore: 0,
  lanes: [],
  waiting: [],
  awaiting: [],
  verifying: [],
  dead: [],
};

const ada: Agent = {
  name: 'ada',
  role: 'agent',
  state: 'working',
  capabilities: [],
  trust: 1,
  taskId: idOf('tsk', 'a'),
  note: 'writing the tests\u001b[2J',
  blockedBy: null,
  lastTask: null,
  hold: null,
  sessionId: null,
  leaseUntilMs: NOW,
  lastSeenMs: NOW,
  createdAtMs: NOW,
};

const change: Change = {
  id: idOf('chg', 'a'),
  taskId: idOf('tsk', 'a'),
  attempt: 1,
  fence: 1,
  repository: { id: idOf('rep', 'a'), url: 'https://example.org/a.git' },
  baseBranch: null,
  author: 'ada',
  branch: 'signalbox/a/1',
  baseCommit: 'a'.repeat(40),
  headCommit: 'b'.repeat(40),
  state: 'awaiting',
  reason: null,
  tier: 4,
  rules: ['it touches CODEOWNERS'],
  testedCommit: null,
  testedBase: null,
  landedCommit: null,
  verifier: null,
  approvedBy: null,
  createdAtMs: NOW - 2 * MINUTE_MS,
  endedAtMs: null,
  nextCheckMs: null,
};

const dead: Pick<Task, 'id' | 'title' | 'reason'> = {
  id: idOf('tsk', 'd'),
  title: 'Fix the login',
  reason: 'three times wrong',
};

function board(): Board {
  const fact = { fact: 'nobody can do gpu', holder: null, untilMs: null, frees: 'Start one.' };
  const waiting = { id: idOf('tsk', 'w'), title: 'Train', lane: 'high' as const };
  const blocked = { ...ada, name: 'bob', state: 'blocked' as const, note: null };
  const work = { title: 'Build the API', sinceMs: NOW - 3 * MINUTE_MS };
  const lastTask = { id: idOf('tsk', 'x'), outcome: null, endedAtMs: NOW - MINUTE_MS };
  const idle = { ...ada, name: 'carol', state: 'idle' as const, note: null, taskId: null };
  return {
    ...empty,
    agents: [
      { agent: { ...blocked, blockedBy: 'an API key' }, work },
      { agent: ada, work },
      { agent: { ...idle, lastTask }, work: undefined },
    ],
    agentsMore: 4,
    lanes: [
      { lane: 'high', ready: 1, later: 0, blocked: 0, sinceMs: NOW - 90_000 },
      { lane: 'low', ready: 0, later: 2, blocked: 3, sinceMs: null },
    ],
    waiting: [{ task: { ...waiting, sinceMs: NOW - 90_000 }, fact }],
    awaiting: [change],
    verifying: [{ ...change, state: 'verifying' }],
    dead: [asTask(dead)],
  };
}

function asTask(shown: typeof dead): Task {
  const nothing = { needs: [], prefers: [], checks: [], paths: [], after: [] };
  return {
    ...nothing,
    body: '',
    budget: null,
    used: NOTHING,
    lane: 'normal',
    state: 'dead',
    trust: 0,
    concurrencyKey: null,
    uniqueKey: null,
    onNeededFailure: 'block',
    parent: null,
    repository: null,
    submitter: 'pat',
    agent: null,
    attempt: 3,
    fence: 3,
    failures: 3,
    failuresMax: 3,
    conflicts: 0,
    timeoutMs: 1,
    progressTimeoutMs: null,
    deadlineMs: null,
    note: null,
    blockedBy: null,
    progressedAtMs: null,
    changeId: null,
    landedCommit: null,
    report: null,
    createdAtMs: NOW,
    availableAtMs: NOW,
    endedAtMs: NOW,
    nextCheckMs: null,
    ...shown,
  };
}

test('the board says who does what, what waits and why, and what needs a person', () => {
  expect(boardLines(piped, board(), URL)).toEqual([
    `Signalbox 9.9.9 at ${URL}`,
    'tasks    5 dead',
    'changes  none',
    'agents   none',
    'health   good, answered in 3 ms',
    'up       1 m, on sqlite',
    '',
    'Agents',
    '  blocked  bob    3 m  Build the API',
    '                  needs: an API key',
    '  working  ada    3 m  Build the API',
    '                  writing the tests␛[2J',
    '  idle     carol  1 m',
    '  and 4 more: signalbox agents',
    '',
    'Queue',
    '  high    1 ready · the oldest for 1 m 30 s',
    '  low     2 later · 3 blocked',
    '',
    'Waits first',
    `  ${idOf('tsk', 'w')}  1 m 30 s  Train`,
    '    nobody can do gpu. Start one.',
    '',
    'Is tested',
    `  verifying  ${idOf('chg', 'a')}  by ada  signalbox/a/1`,
    '',
    'Waits for a human (signalbox change approve ID)',
    `  awaiting  ${idOf('chg', 'a')}  by ada  2 m`,
    '    it touches CODEOWNERS',
    '',
    'Dead letters (signalbox task retry ID)',
    `  ${idOf('tsk', 'd')}  Fix the login  three times wrong`,
    '  and 4 more: signalbox task list --state dead',
  ]);
});

test('what is empty is left out', () => {
  expect(boardLines(piped, empty, URL).at(-1)).toBe('up       1 m, on sqlite');
});

test.each([20, 40, 60])(
  'a terminal of %i columns shows the rows as far as they go, and all that helps in full',
  (columns) => {
    const lines = boardLines(terminal(columns), board(), URL);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
    expect(lines.some((line) => line.endsWith('…'))).toBe(true);
    const signs = (text: string): string => text.replaceAll(/\s/g, '');
    const shown = signs(lines.join(''));
    for (const line of boardLines(piped, board(), URL)) {
      const isHelp = /^ {4}|signalbox |^\w/.test(line);
      if (isHelp) expect(shown).toContain(signs(line));
    }
  },
);

test('a line that is too wide goes on below, by words and in its colour', () => {
  expect(wrapped('  one two three four', 11)).toEqual(['  one two', '    three', '    four']);
  expect(wrapped('\u001b[2m    dim two\u001b[22m', 9)).toEqual([
    '\u001b[2m    dim\u001b[0m',
    '    \u001b[2mtwo\u001b[22m',
  ]);
  expect(wrapped('short', 11)).toEqual(['short']);
  expect(wrapped(`  ${'x'.repeat(12)} y`, 10)).toEqual(['  xxxxxxxx', '    xxxx y']);
  const red = (text: string): string => `\u001b[31m${text}`;
  expect(wrapped(`a ${red('bb cc')}\u001b[39m dd`, 6)).toEqual([
    `a${red(' bb')}\u001b[0m`,
    `  ${red('cc')}\u001b[39m`,
    '  dd',
  ]);
});

test('a line with colours is cut by what is seen of it, and its colours end', () => {
  const red = '\u001b[31mred and long\u001b[39m tail';
  expect(clipped(red, 100)).toBe(red);
  expect(clipped(red, 12)).toBe('\u001b[31mred and long\u001b[39m\u001b[0m');
  expect(clipped(red, 5)).toBe('\u001b[31mred …\u001b[0m');
  expect(clipped('plain and long', 6)).toBe('plain…');
});

test('what was spent is told where anything was, and what holds back stands out', () => {
  const spent = { today: NOTHING, ever: { tokens: 12_000, costMicros: 310_000 } };
  const hold = { reason: 'the budget is spent', untilMs: NOW + 2 * MINUTE_MS };
  const held = { ...ada, state: 'idle' as const, note: null, hold };
  const status = { ...empty.status, spent, hold };
  const heldBoard = { ...empty, status, agents: [{ agent: held, work: undefined }] };
  const lines = boardLines(piped, heldBoard, URL).join('\n');
  expect(lines).toMatch(/spent +nothing today, 12,000 tokens, \$0\.31 in all\n/);
  expect(lines).toMatch(/held back +the budget is spent; opens in 2 m\n/);
  expect(lines).toMatch(/idle +ada\n +held back: the budget is spent/);
  expect(boardLines(piped, empty, URL).join('\n')).not.toMatch(/spent|held/);
});
