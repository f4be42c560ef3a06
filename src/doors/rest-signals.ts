/** `/api/signals`: send, read the inbox, acknowledge. An inbox is a plain array. */
import { operations as o, signalOf } from '../contract/index.ts';
import type { RestPath } from './rest-path.ts';

const INBOX_PAGE = 200;

export const signals: readonly RestPath[] = [
  {
    method: 'POST',
    url: '/api/signals/send',
    takesBody: true,
    async answer(ask, { body: { from, to, type, ...data } }) {
      // A recipient that nobody has heard of yet finds it when it comes.
      const signal = { to: { agent: to }, type, data, isSignal: true, unknown: 'keep' };
      const { id, createdAtMs } = await ask(o['message.send'], signal, from);
      return { id, status: 'stored', timestamp: isoTime(createdAtMs) };
    },
  },
  {
    method: 'GET',
    url: '/api/signals/:agent/inbox',
    async answer(ask, { params }) {
      const { items } = await ask(o['message.read'], { limit: INBOX_PAGE }, params['agent']);
      return items.map((item) => signalOf(item, params['agent'] ?? ''));
    },
  },
  {
    method: 'PUT',
    url: '/api/signals/:id/ack',
    async answer(ask, { params }) {
      const { count } = await ask(o['message.ack'], { ids: [params['id']] });
      return { id: params['id'], status: 'acknowledged', wasNew: count === 1 };
    },
  },
];

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
