/**
 * Events over plain HTTP: `GET /v1/events`.
 *
 * With `Accept: text/event-stream` they are pushed as they come (server-sent events); the id of
 * each is its number, so a browser that reconnects goes on after the last it had. Otherwise it is a
 * poll that waits: it answers as soon as there is something, or when `waitMs` is over.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Credential,
  type EventFilter,
  EventFilter as Filter,
  type Feed,
  type Invoke,
  limits,
  operations,
  type Output,
  SignalboxError,
  type Subscribe,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { credentialOf } from './credential.ts';

export interface EventDoor {
  invoke: Invoke;
  subscribe: Subscribe;
  clock: Clock;
}

interface Asked {
  after: number | undefined;
  limit: number | undefined;
  waitMs: number;
  filter: EventFilter;
  credential: Credential;
}

export function addEvents(app: FastifyInstance, door: EventDoor): void {
  // Without HEAD: the head of a stream is not worth a stream.
  app.get('/v1/events', { exposeHeadRoute: false }, async (request, reply) => {
    const asked = askedOf(request);
    const isStream = request.headers.accept?.includes('text/event-stream') === true;
    if (isStream) return stream(door, asked, reply);
    return reply.send(await poll(door, asked, reply));
  });
}

function askedOf({ query, headers, ip }: FastifyRequest): Asked {
  const given = new Map<string, unknown>(Object.entries(query ?? {}));
  const known = ['after', 'limit', 'waitMs', 'types', 'subject', 'mine'];
  for (const name of given.keys()) if (!known.includes(name)) throw misfit(name, known.join(', '));
  const lastId = headers['last-event-id'];
  const types = given.get('types');
  const filter = Filter.safeParse({
    ...(types === undefined ? {} : { types: listOf(types) }),
    ...(given.has('subject') ? { subject: given.get('subject') } : {}),
    ...(given.has('mine') ? { mine: truth.get(given.get('mine')) ?? 'neither' } : {}),
  });
  if (!filter.success) throw misfit('types, subject or mine', 'those of EventFilter');
  return {
    after: integer('Last-Event-ID', lastId) ?? integer('after', given.get('after')),
    limit: integer('limit', given.get('limit')),
    waitMs: Math.min(integer('waitMs', given.get('waitMs')) ?? 0, limits.waitMsMax),
    filter: filter.data,
    credential: credentialOf({ headers, ip }),
  };
}

const truth = new Map<unknown, boolean>([
  ['true', true],
  ['false', false],
]);

/** `types=a,b` and `types=a&types=b` are the same. */
function listOf(value: unknown): string[] {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  return parts.flatMap((part) => (typeof part === 'string' ? part.split(',') : ['']));
}

function integer(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw misfit(name, 'a whole number');
}

function misfit(name: string, wanted: string): SignalboxError {
  return new SignalboxError('invalid_input', `${name.slice(0, 80)} does not fit: ${wanted}`, {
    hint: 'For example: GET /v1/events?after=120&waitMs=25000&types=message.stored&mine=true',
  });
}

type Page = Output<'event.list'>;

async function poll(door: EventDoor, asked: Asked, reply: FastifyReply): Promise<Page> {
  const { after = 0, limit, filter, credential, waitMs } = asked;
  const input = (from: number) => ({
    after: from,
    filter,
    ...(limit === undefined ? {} : { limit }),
  });
  const read = async (from: number): Promise<Page> => {
    const call = { operation: 'event.list', input: input(from), credential };
    return operations['event.list'].output.parse((await door.invoke(call)).output);
  };
  const page = await read(after);
  if (page.items.length > 0 || waitMs === 0) return page;
  await somethingAfter(door, { ...asked, after: page.nextCursor }, reply);
  return read(page.nextCursor);
}

/** Until an event comes, the time is over, or nobody waits any more. */
async function somethingAfter(
  { subscribe, clock }: EventDoor,
  { after = 0, filter, credential, waitMs }: Asked,
  reply: FastifyReply,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  if (reply.raw.destroyed) return;
  reply.raw.once('close', over.resolve);
  const feed = await subscribe({
    after,
    filter,
    credential,
    deliver: () => (over.resolve(), true),
    end: () => over.resolve(),
  });
  const cancel = clock.after(waitMs, over.resolve);
  await over.promise;
  cancel();
  feed.close();
}

async function stream(
  { invoke, subscribe, clock }: EventDoor,
  { after, filter, credential }: Asked,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { raw } = reply;
  const early: string[] = [];
  let write = (text: string): void => void early.push(text);
  const isFull = (): boolean => raw.writableLength >= limits.feedBufferBytesMax;
  const start = after ?? (await headOf(invoke, credential));
  const feed: Feed = await subscribe({
    after: start,
    filter,
    credential,
    deliver({ seq, type, json }) {
      write(`id: ${seq}\nevent: ${type}\ndata: ${json}\n\n`);
      return !isFull();
    },
    end(reason) {
      const error = reason instanceof SignalboxError ? reason.toBody() : undefined;
      write(`event: end\ndata: ${JSON.stringify({ error })}\n\n`);
      raw.end();
    },
  });
  reply.hijack();
  // Whoever left in the meantime closes nothing any more.
  if (raw.destroyed) {
    feed.close();
    return reply;
  }
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  write = (text) => void raw.write(text);
  // Known at once where it begins, even if nothing happens for long.
  write(`id: ${start}\n: from here on\n\n${early.splice(0).join('')}`);
  const stopBeating = beat(clock, () => void (isFull() || raw.write(': still here\n\n')));
  raw.on('drain', () => feed.drain());
  raw.on('close', () => {
    stopBeating();
    feed.close();
  });
  return reply;
}

async function headOf(invoke: Invoke, credential: Credential): Promise<number> {
  const { output } = await invoke({ operation: 'event.list', input: { limit: 1 }, credential });
  return operations['event.list'].output.parse(output).headCursor;
}

function beat(clock: Clock, sign: () => void): () => void {
  let cancel = (): void => {};
  const again = (): void => {
    cancel = clock.after(limits.feedBeatMs, () => {
      sign();
      again();
    });
  };
  again();
  return () => cancel();
}
