import { expect, test } from 'vitest';
import { eventTypes, type Event, type EventData, type EventType } from '../../contract/index.ts';
import { eventColour, eventWords } from './event.ts';

function event(type: EventType, data: EventData = {}): Event {
  const at = { atMs: 1_000, subject: 'tsk_1', actor: 'admin', audience: null };
  return { seq: 1, type, ...at, data };
}

const posted = {
  cursor: 1,
  message: {
    id: 'msg_1',
    from: 'ada',
    to: { channel: 'general' },
    type: 'MESSAGE',
    text: 'Hello',
    data: null,
    thread: null,
    replyTo: null,
    priority: 'normal' as const,
    isSignal: false,
    createdAtMs: 1,
    expiresAtMs: null,
  },
};

test.each<[EventType, EventData, string]>([
  ['task.queued', { title: 'Write it', lane: 'high' }, 'Write it, lane high, by admin'],
  ['task.queued', { title: 'Write it', lane: 'normal' }, 'Write it, by admin'],
  [
    'task.queued',
    { attempt: 1, outcome: 'check_failed', reason: 'npm test\nexit 1', availableAtMs: 3_000 },
    'again after attempt 1 (check failed), next try in 2 s, npm test ⏎ exit 1',
  ],
  ['task.offered', { agent: 'ada', attempt: 2 }, 'to ada, attempt 2'],
  ['task.running', { agent: 'ada', attempt: 2 }, 'by ada, attempt 2'],
  ['task.cancelled', { outcome: 'cancelled', reason: 'no need' }, 'cancelled, no need'],
  ['schedule.added', { name: 'nightly', availableAtMs: 61_000 }, 'nightly, runs in 1 m'],
  ['schedule.ran', { name: 'nightly', taskId: 'tsk_2' }, 'nightly, tsk_2'],
  ['schedule.skipped', { name: 'nightly', reason: 'it is open' }, 'nightly, it is open'],
  ['message.acked', { agent: 'bob', ids: ['msg_1', 'msg_2', 'msg_3'] }, 'bob, and 2 more'],
  ['message.dead', { agent: 'bob', reason: 'given up' }, 'bob, given up'],
  ['channel.posted', { posted }, 'MESSAGE, ada: Hello'],
  ['change.submitted', { taskId: 'tsk_1', branch: 'signalbox/x' }, 'tsk_1, signalbox/x'],
  ['change.submitted', { taskId: 'tsk_1', branch: 'signalbox/tsk_1/2' }, 'signalbox/tsk_1/2'],
  ['change.landed', { taskId: 'tsk_1', commit: '0123456789abcdef' }, 'tsk_1, 0123456789ab'],
  [
    'change.assessed',
    { taskId: 'tsk_1', tier: 4, reason: 'tier 4: a rule' },
    'tsk_1, tier 4: a rule',
  ],
  ['change.assessed', { taskId: 'tsk_1', tier: 0 }, 'tsk_1, tier 0'],
  ['change.approved', { taskId: 'tsk_1' }, 'tsk_1, by admin'],
  ['case.changed', { version: 3, stage: 'pulse' }, 'version 3, by admin'],
  ['case.advanced', { version: 4, stage: 'first' }, 'to first, version 4, by admin'],
  [
    'case.uploaded',
    { stage: 'pulse', name: 'a\nb.txt', version: 2 },
    'pulse/a ⏎ b.txt, version 2, by admin',
  ],
  ['token.created', { agent: 'ada', role: 'agent' }, 'for ada, agent'],
  ['token.rotated', { untilMs: 61_000 }, 'the old secret goes on for 1 m'],
  ['webhook.rotated', { url: 'u', untilMs: 61_000 }, 'u, the old secret goes on for 1 m'],
  ['webhook.rotated', { url: 'u', untilMs: 1_000 }, 'u'],
  ['agent.offline', { reason: 'silent' }, 'silent'],
  ['agent.paused', { agent: 'ada', reason: 'a rest', untilMs: 61_000 }, 'a rest, for 1 m'],
  [
    'budget.exceeded',
    { name: 'day', reason: '10 tokens used of 10', untilMs: 3_601_000 },
    'day, 10 tokens used of 10, for 1 h',
  ],
  ['budget.set', { name: 'day' }, 'day, by admin'],
])('%s with %o reads as a sentence', (type, data, words) => {
  expect(eventWords(event(type, data))).toBe(words);
});

test('no event has words of more than one line, or escape sequences', () => {
  const text = 'a\nb\u001b[2J\rc';
  const data = { title: text, reason: text, agent: text, branch: text, url: text };
  for (const type of eventTypes) {
    expect(eventWords(event(type, data))).not.toMatch(/\p{Cc}/u);
  }
});

test('the task that is spoken of anyway is not named again', () => {
  const landed = event('change.landed', { taskId: 'tsk_1', commit: '0123456789abcdef' });
  expect(eventWords(landed, 'tsk_1')).toBe('0123456789ab');
  expect(eventWords(landed, 'tsk_2')).toBe('tsk_1, 0123456789ab');
});

test('a long reason is cut', () => {
  expect(eventWords(event('task.dead', { reason: 'x'.repeat(4_000) }))).toHaveLength(201);
});

test('a task that comes back is as red as one that failed', () => {
  expect(eventColour(event('task.queued', { attempt: 1 }))).toBe('red');
  expect(eventColour(event('task.queued'))).toBe('yellow');
  expect(eventColour(event('task.done'))).toBe('green');
});
