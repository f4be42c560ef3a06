import { expect, test } from 'vitest';
import { InboxItem } from './message.ts';
import { signalOf } from './signal.ts';

const sent = {
  id: 'msg_00000000000000000000a',
  from: 'Pulse',
  to: { agent: 'FirstResponder' },
  type: 'ESCALATION',
  text: '',
  data: { lead_id: 'abc-123', score: { a: [1, 2] } },
  thread: null,
  replyTo: null,
  priority: 'normal',
  isSignal: true,
  createdAtMs: 1_700_000_000_000,
  expiresAtMs: null,
};

function inboxItem(message: object): InboxItem {
  const delivery = { cursor: 1, receipt: 'r', state: 'pending', handOuts: 0, isRedelivered: false };
  return InboxItem.parse({ ...delivery, leaseUntilMs: null, message: { ...sent, ...message } });
}

const flat = {
  id: sent.id,
  from: 'Pulse',
  to: 'FirstResponder',
  type: 'ESCALATION',
  timestamp: '2023-11-14T22:13:20.000Z',
};

test('a signal is its data, and who said it to whom and when', () => {
  const signal = signalOf(inboxItem({}), 'first_responder');
  expect(signal).toEqual({ ...flat, lead_id: 'abc-123', score: { a: [1, 2] } });
});

test('the text of a message stands in its signal, if it has one', () => {
  expect(signalOf(inboxItem({ text: '# Hello', data: null }), 'x')).toEqual({
    ...flat,
    text: '# Hello',
  });
});

test.each(['id', 'from', 'to', 'type', 'timestamp'])(
  'data cannot claim another %s than the hub knows',
  (name) => {
    expect(signalOf(inboxItem({ data: { [name]: 'mine' } }), 'x')).toEqual(flat);
  },
);

test('what was sent to many is read as sent to its reader', () => {
  for (const to of [{ team: 'closers' }, { channel: 'general' }, { everyone: true }]) {
    expect(signalOf(inboxItem({ to }), 'Closer').to).toBe('Closer');
  }
});
