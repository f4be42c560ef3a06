/** Each operation of messages, channels, teams and rules: that it works, and how it is refused. */
import {
  type InboxItem,
  type Input,
  limits,
  type OperationName,
} from '../../src/contract/index.ts';
import { NOBODY } from '../support/hub.ts';
import { fillMailbox } from '../support/mailbox.ts';
import type { Entry, Scene } from './scene.ts';

const ada = { to: { agent: 'ada' } } as const;

/** From pat to ada. */
async function sent({ person }: Scene, more: Partial<Input<'message.send'>> = {}): Promise<string> {
  return (await person.message.send({ ...ada, text: 'hello', isSignal: true, ...more })).id;
}

async function received(at: Scene): Promise<InboxItem> {
  await sent(at);
  const { items } = await at.ada.client.message.receive();
  const [item] = items;
  if (item === undefined) throw new Error('nothing was handed out');
  return item;
}

const held = ({ message, receipt }: InboxItem): { id: string; receipt: string } => ({
  id: message.id,
  receipt,
});
const nothing = { id: NOBODY.message, receipt: 'x' };

async function dead(at: Scene): Promise<string> {
  const item = await received(at);
  await at.ada.client.message.term({ ...held(item), reason: 'cannot be done' });
  return item.message.id;
}

async function post({ person }: Scene): Promise<void> {
  await person.message.send({ to: { channel: 'general' }, text: 'hello all' });
}

type Group = 'message' | 'channel' | 'team' | 'route';
type Name = Extract<OperationName, `${Group}.${string}` | 'agent.reach'>;

export const messageEntries: Record<Name, Entry> = {
  'message.send': {
    works: async (at) => {
      await sent(at, { data: { a: [1] }, thread: 't', priority: 'high', ttlMs: 5_000 });
      await at.person.message.send({ to: { everyone: true }, text: 'hello' });
    },
    refusals: {
      not_found: ({ person }) => person.message.send({ to: { agent: 'zoe' }, text: 'x' }),
      too_large: (at) => sent(at, { data: { x: 'x'.repeat(limits.messageCharsMax) } }),
      rate_limited: async (at) => {
        await sent(at);
        await fillMailbox(at.hub.store, { count: 600, openCount: limits.mailboxPerSenderMax });
        return sent(at);
      },
    },
  },
  'message.read': {
    works: async (at) => {
      await sent(at);
      return at.ada.client.message.read({ types: ['MESSAGE'], limit: 1 });
    },
  },
  'message.receive': { works: received },
  'message.offered': {
    works: async (at) => {
      await sent(at);
      return at.ada.client.message.offered({ upTo: 1 });
    },
  },
  'message.seen': {
    works: async (at) => at.ada.client.message.seen({ items: [held(await received(at))] }),
    refusals: {
      not_found: (at) => at.ada.client.message.seen({ items: [nothing] }),
      conflict: async (at) => {
        const { id } = held(await received(at));
        return at.ada.client.message.seen({ items: [{ id, receipt: 'x' }] });
      },
    },
  },
  'message.ack': {
    works: async (at) => at.ada.client.message.ack({ ids: [await sent(at)] }),
    refusals: { not_found: (at) => at.ada.client.message.ack({ ids: [NOBODY.message] }) },
  },
  'message.nack': {
    works: async (at) => at.ada.client.message.nack({ ...held(await received(at)), reason: 'no' }),
    refusals: {
      not_found: (at) => at.ada.client.message.nack(nothing),
      conflict: async (at) => {
        const item = held(await received(at));
        await at.ada.client.message.ack({ ids: [item.id] });
        return at.ada.client.message.nack(item);
      },
    },
  },
  'message.progress': {
    works: async (at) => at.ada.client.message.progress(held(await received(at))),
    refusals: {
      not_found: (at) => at.ada.client.message.progress(nothing),
      conflict: async (at) => {
        const { id } = held(await received(at));
        return at.ada.client.message.progress({ id, receipt: 'x' });
      },
    },
  },
  'message.term': {
    works: dead,
    refusals: {
      not_found: (at) => at.ada.client.message.term({ ...nothing, reason: 'x' }),
      conflict: async (at) => {
        const item = held(await received(at));
        await at.ada.client.message.ack({ ids: [item.id] });
        return at.ada.client.message.term({ ...item, reason: 'x' });
      },
    },
  },
  'message.show': {
    works: async (at) => at.person.message.show({ id: await sent(at) }),
    refusals: { not_found: ({ person }) => person.message.show({ id: NOBODY.message }) },
  },
  'message.list': {
    works: async (at) => {
      await sent(at, { thread: 't' });
      const about = { thread: 't', from: 'pat', to: 'ada', type: 'MESSAGE', search: 'HELL' };
      return at.ada.client.message.list(about);
    },
  },
  'message.dead': {
    works: async (at) => {
      await dead(at);
      return at.ada.client.message.dead();
    },
  },
  'message.redrive': {
    works: async (at) => at.person.message.redrive({ id: await dead(at), recipient: 'ada' }),
    refusals: {
      not_found: ({ person }) => person.message.redrive({ id: NOBODY.message }),
      conflict: async (at) => at.person.message.redrive({ id: await sent(at) }),
    },
  },
  'channel.list': {
    works: async (at) => {
      await post(at);
      return at.person.channel.list();
    },
  },
  'channel.join': { works: ({ ada: { client } }) => client.channel.join({ name: '#general' }) },
  'channel.leave': { works: ({ ada: { client } }) => client.channel.leave({ name: 'general' }) },
  'channel.read': {
    works: async (at) => {
      await post(at);
      return at.ada.client.channel.read({ name: 'General', after: 0, sinceMs: 0 });
    },
  },
  'channel.seen': {
    works: async (at) => {
      await post(at);
      await at.ada.client.channel.join({ name: 'general', after: 0 });
      return at.ada.client.channel.seen({ name: 'general', upTo: 1 });
    },
    refusals: {
      conflict: async (at) => {
        await post(at);
        return at.ada.client.channel.seen({ name: 'general', upTo: 1 });
      },
    },
  },
  'channel.unread': {
    works: async (at) => {
      await post(at);
      await at.ada.client.channel.join({ name: 'general', after: 0 });
      return at.ada.client.channel.unread();
    },
  },
  'channel.members': {
    works: async (at) => {
      await at.ada.client.channel.join({ name: 'general' });
      return at.person.channel.members({ name: 'general' });
    },
    refusals: { not_found: ({ person }) => person.channel.members({ name: 'nowhere' }) },
  },
  'channel.stats': {
    works: async (at) => {
      await post(at);
      return at.person.channel.stats({ name: 'general' });
    },
  },
  'team.set': {
    works: ({ person }) => person.team.set({ name: 'crew', members: ['ada', 'bob'] }),
    refusals: { conflict: ({ person }) => person.team.set({ name: 'Ada', members: ['bob'] }) },
  },
  'team.list': {
    works: async ({ person }) => {
      await person.team.set({ name: 'crew', members: ['ada'] });
      return person.team.list();
    },
  },
  'team.remove': { works: ({ person }) => person.team.remove({ name: 'crew' }) },
  'route.add': {
    works: ({ person }) => person.route.add({ type: 'ESC*', from: 'ada', to: { agent: 'bob' } }),
    refusals: {
      conflict: async ({ person }) => {
        const rule = { type: 'X', to: { agent: 'bob' } };
        for (let n = 0; n < limits.routesMax; n++) await person.route.add(rule);
        return person.route.add(rule);
      },
    },
  },
  'route.list': {
    works: async ({ person }) => {
      await person.route.add({ type: 'X', to: { team: 'crew' } });
      return person.route.list();
    },
  },
  'route.remove': { works: ({ person }) => person.route.remove({ id: NOBODY.route }) },
  'agent.reach': {
    works: ({ person }) => person.agent.reach({ agent: 'ada' }),
    refusals: { not_found: ({ person }) => person.agent.reach({ agent: 'zoe' }) },
  },
};
