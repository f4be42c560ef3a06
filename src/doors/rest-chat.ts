/** A broker of channels: status, channels, agents, and the messages of each channel. */
import { operations as o, type Posted, SignalboxError } from '../contract/index.ts';
import { all, type Ask, type RestPath } from './rest-path.ts';
import { isoTime } from './rest-signals.ts';
import { momentOf } from './since.ts';

const SHOWN = 10;

export const chat: readonly RestPath[] = [
  {
    method: 'GET',
    url: '/status',
    async answer(ask) {
      const { version, nowMs, startedAtMs, agents } = await ask(o['hub.status'], {});
      const items = await channelsOf(ask);
      return {
        status: 'running',
        version,
        uptime_seconds: Math.floor((nowMs - startedAtMs) / 1000),
        agents: sum(Object.values(agents)),
        channels: items.length,
        messages: sum(items.map(({ messages }) => messages)),
      };
    },
  },
  {
    method: 'GET',
    url: '/channels',
    async answer(ask) {
      const channels = (await channelsOf(ask)).map(({ name, messages, lastPostedAtMs }) => ({
        name,
        message_count: messages,
        last_message: lastPostedAtMs === null ? null : isoTime(lastPostedAtMs),
      }));
      return { channels };
    },
  },
  {
    method: 'GET',
    url: '/agents',
    async answer(ask) {
      const items = await all((page) => ask(o['agent.list'], page));
      const agents = items.map(({ name, state, lastSeenMs }) => ({
        id: name,
        status: state,
        last_seen: isoTime(lastSeenMs),
      }));
      return { agents };
    },
  },
  {
    method: 'GET',
    url: '/messages/:channel',
    async answer(ask, { params, query }) {
      const channel = params['channel'] ?? '';
      const page = await ask(o['channel.read'], {
        name: channel,
        limit: integer('limit', query['limit']) ?? SHOWN,
        ...given('after', integer('cursor', query['cursor'])),
        ...given('sinceMs', momentOf('since', query['since'])),
      });
      const messages = page.items.map((posted) => lineOf(posted, channel));
      return { channel, messages, cursor: page.nextCursor };
    },
  },
  {
    method: 'POST',
    url: '/messages/:channel',
    takesBody: true,
    async answer(ask, { params, body: { sender, message, ...rest } }) {
      refuseOthers(Object.keys(rest));
      const channel = params['channel'] ?? '';
      const sent = await ask(o['message.send'], { to: { channel }, text: message ?? null }, sender);
      const { id, createdAtMs, cursor } = sent;
      return { status: 'sent', id, channel, timestamp: isoTime(createdAtMs), cursor };
    },
  },
];

function channelsOf(ask: Ask) {
  return all((page) => ask(o['channel.list'], page));
}

function lineOf({ cursor, message }: Posted, channel: string): Record<string, unknown> {
  const { id, from: sender, text, type, createdAtMs } = message;
  return { id, channel, sender, message: text, type, timestamp: isoTime(createdAtMs), cursor };
}

function given(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: value };
}

function integer(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw new SignalboxError('invalid_input', `${name} is a whole number`, {
    hint: 'For example: GET /messages/general?limit=10',
  });
}

function refuseOthers(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new SignalboxError('invalid_input', `no such field: ${names.join(', ').slice(0, 200)}`, {
    hint: 'A message to a channel is {"sender":"…","message":"…"}.',
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
