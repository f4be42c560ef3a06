/** Every command in every state of a task, as a table. */
import { expect, test } from 'vitest';
import { limits, TaskState } from '../../contract/index.ts';
import { decide, type TaskCommand, type TaskFacts, type Verdict } from './lifecycle.ts';

const ada = { agentKey: 'ada', fence: 7 };

/** A task with failures left, in the hand of ada (or last in it) with fence 7. */
function facts(state: TaskState, changed: Partial<TaskFacts> = {}): TaskFacts {
  return {
    state,
    fence: 7,
    attempt: 1,
    attemptsMax: 30,
    agentKey: 'ada',
    isStarted: false,
    hasRepository: true,
    failures: 0,
    failuresMax: 3,
    conflicts: 0,
    unmetDependencies: 0,
    ...changed,
  };
}

const commands: Record<string, TaskCommand> = {
  unblock: { type: 'unblock' },
  offer: { type: 'offer' },
  accept: { type: 'accept', ...ada },
  start: { type: 'start', ...ada },
  resume: { type: 'resume', ...ada },
  progress: { type: 'progress', ...ada },
  snooze: { type: 'snooze', ...ada },
  decline: { type: 'decline', ...ada },
  complete: { type: 'complete', hasChange: true, ...ada },
  fail: { type: 'fail', outcome: 'failed', isRetryable: true, ...ada },
  'fail for good': { type: 'fail', outcome: 'no_change', isRetryable: false, ...ada },
  lapse: { type: 'lapse' },
  lose: { type: 'lose' },
  stall: { type: 'stall' },
  expire: { type: 'expire' },
  overspend: { type: 'overspend' },
  land: { type: 'land' },
  reject: { type: 'reject' },
  conflict: { type: 'conflict' },
  cancel: { type: 'cancel' },
  retry: { type: 'retry' },
};

/** `-` is refused, `=` is so already, a state is where it goes, `!` and `~` count what went wrong. */
const TABLE = `
                blocked   queued    offered   accepted  running   verifying done      cancelled failed    dead
unblock         queued    =         =         =         =         =         =         =         =         =
offer           -         offered   -         -         -         -         -         -         -         -
accept          -         accepted  accepted  =         =         -         -         -         -         -
start           -         running   running   running   =         -         -         -         -         -
resume          =         accepted  =         =         =         =         =         =         =         =
progress        -         accepted  -         =         =         -         -         -         -         -
snooze          -         queued    -         queued    queued    -         -         -         -         -
decline         -         queued    queued    queued    queued    -         -         -         -         -
complete        -         verifying -         verifying verifying =         -         -         -         -
fail            -         queued!   -         queued!   queued!   -         -         -         -         -
fail_for_good   -         failed!   -         failed!   failed!   -         -         -         -         -
lapse           =         =         queued    =         =         =         =         =         =         =
lose            =         =         queued    queued    queued    =         =         =         =         =
stall           =         =         =         queued!   queued!   =         =         =         =         =
expire          failed    failed    failed    failed    failed    =         =         =         =         =
overspend       failed    failed    failed    failed    failed    =         =         =         =         =
land            -         -         -         -         -         done      -         -         -         -
reject          -         -         -         -         -         queued!   -         -         -         -
conflict        -         -         -         -         -         queued~   -         -         -         -
cancel          cancelled cancelled cancelled cancelled cancelled cancelled -         =         -         -
retry           -         -         -         -         -         -         -         queued    queued    queued
`;

const [head = '', ...lines] = TABLE.trim().split('\n');
const states = head.trim().split(/ +/);
const rows = lines.map((line) => line.split(/ +/));

test('the table has every state', () => {
  expect(states).toEqual(TaskState.options);
  expect(rows.map(([name]) => name?.replaceAll('_', ' '))).toEqual(Object.keys(commands));
});

for (const [name = '', ...cells] of rows) {
  test(`in each state, ${name} does what the table says`, () => {
    const command = commands[name.replaceAll('_', ' ')];
    if (command === undefined) throw new Error(`no command ${name}`);
    const verdicts = TaskState.options.map((state) => inShort(decide(facts(state), command)));
    expect(verdicts).toEqual(cells);
  });
}

function inShort(verdict: Verdict): string {
  switch (verdict.is) {
    case 'same':
      return '=';
    case 'stale':
      return 'stale';
    case 'refuse':
      return '-';
    case 'move':
      return verdict.to + { failure: '!', conflict: '~', none: '' }[verdict.counts ?? 'none'];
  }
}

test('a report with another fence, or of another agent, is stale in every state', () => {
  const reports = Object.values(commands).filter((command) => 'fence' in command);
  expect(reports.length).toBe(9);
  for (const state of TaskState.options) {
    for (const report of reports) {
      expect(decide(facts(state), { ...report, fence: 6 })).toEqual({ is: 'stale' });
      expect(decide(facts(state), { ...report, agentKey: 'bob' })).toEqual({ is: 'stale' });
    }
  }
});

test('an attempt ends with the outcome that says how', () => {
  const outcomes: [TaskState, keyof typeof commands, string | null][] = [
    ['offered', 'lapse', 'lapsed'],
    ['offered', 'lose', 'lost'],
    ['running', 'lose', 'lost'],
    ['running', 'decline', 'released'],
    ['running', 'fail', 'failed'],
    ['running', 'fail for good', 'no_change'],
    ['running', 'complete', 'handed_in'],
    ['running', 'cancel', 'cancelled'],
    ['running', 'snooze', 'snoozed'],
    ['running', 'stall', 'stalled'],
    ['running', 'expire', 'cancelled'],
    ['queued', 'expire', null],
    ['running', 'overspend', 'over_budget'],
    ['blocked', 'overspend', null],
    ['verifying', 'cancel', null],
    ['queued', 'cancel', null],
    ['queued', 'offer', null],
  ];
  for (const [state, name, outcome] of outcomes) {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    expect(decide(facts(state), command), `${name} when ${state}`).toMatchObject({ outcome });
  }
});

test('the last failure makes a dead letter, and conflicts have a bound of their own', () => {
  const { fail, reject, conflict } = commands;
  if (fail === undefined || reject === undefined || conflict === undefined) throw new Error();
  const spent = { failures: 2, failuresMax: 3 };
  expect(inShort(decide(facts('running', spent), fail))).toBe('dead!');
  expect(inShort(decide(facts('verifying', spent), reject))).toBe('dead!');
  expect(inShort(decide(facts('verifying', spent), conflict))).toBe('queued~');
  const torn = { conflicts: limits.conflictsMax - 1 };
  expect(inShort(decide(facts('verifying', torn), conflict))).toBe('dead~');
  const endless = { attempt: 30, attemptsMax: 30, failuresMax: 20 };
  expect(inShort(decide(facts('running', endless), fail))).toBe('dead!');
  const { lose } = commands;
  if (lose === undefined) throw new Error();
  expect(inShort(decide(facts('running', endless), lose))).toBe('dead');
  expect(inShort(decide(facts('running', { attempt: 29, attemptsMax: 30 }), lose))).toBe('queued');
});

test('a task without a repository is done by its report, one with it needs a change', () => {
  const bare = { type: 'complete', hasChange: false, ...ada } as const;
  expect(decide(facts('running', { hasRepository: false }), bare)).toMatchObject({
    to: 'done',
    outcome: 'done',
  });
  expect(decide(facts('running'), bare).is).toBe('refuse');
});

test('a task is let go when nothing is left that it waits for', () => {
  const waiting = { unmetDependencies: 1 };
  expect(decide(facts('blocked', waiting), { type: 'unblock' })).toEqual({ is: 'same' });
  expect(decide(facts('dead', waiting), { type: 'retry' })).toMatchObject({ to: 'blocked' });
  const snooze: TaskCommand = { type: 'snooze', ...ada };
  expect(decide(facts('running', waiting), snooze)).toMatchObject({ to: 'blocked' });
});

test('work that had begun goes on as running when its agent comes back', () => {
  const resume: TaskCommand = { type: 'resume', ...ada };
  expect(decide(facts('queued', { isStarted: true }), resume)).toMatchObject({ to: 'running' });
});
