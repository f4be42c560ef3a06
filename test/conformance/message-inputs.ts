/** An input of each operation of messages in which every field stands. */
import { NOBODY } from '../support/hub.ts';

const id = NOBODY.message;
const held = { id, receipt: 'x' };
const page = { cursor: 'x', limit: 1 };
const name = 'general';

export const messageInputs = {
  'message.send': {
    to: { agent: 'ada' },
    type: 'X',
    text: 'x',
    data: { a: 1 },
    thread: 't',
    replyTo: id,
    priority: 'low',
    ttlMs: 1_000,
    isSignal: true,
    unknown: 'keep',
  },
  'message.read': { after: 0, limit: 1, types: ['X'], thread: 't', isPending: true },
  'message.receive': { limit: 1, leaseMs: 1_000, types: ['X'] },
  'message.offered': { upTo: 1 },
  'message.seen': { items: [held] },
  'message.ack': { ids: [id] },
  'message.nack': { ...held, delayMs: 0, reason: 'x' },
  'message.progress': { ...held, leaseMs: 1_000 },
  'message.term': { ...held, reason: 'x' },
  'message.show': { id },
  'message.list': {
    ...page,
    thread: 't',
    from: 'ada',
    to: 'bob',
    channel: name,
    type: 'X',
    search: 'x',
  },
  'message.dead': page,
  'message.redrive': { id, recipient: 'ada' },
  'channel.list': page,
  'channel.join': { name, after: 0 },
  'channel.leave': { name },
  'channel.read': { name, after: 0, sinceMs: 0, limit: 1 },
  'channel.seen': { name, upTo: 1 },
  'channel.unread': { limit: 1 },
  'channel.members': { name, ...page },
  'channel.stats': { name, sinceMs: 0 },
  'team.set': { name: 'crew', members: ['ada'], mode: 'one' },
  'team.list': page,
  'team.remove': { name: 'crew' },
  'route.add': { type: 'X', from: 'ada', to: { agent: 'bob' } },
  'route.list': page,
  'route.remove': { id: NOBODY.route },
  'agent.reach': { agent: 'ada' },
};
