import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocketServer, type WebSocket as Wire } from 'ws';
import { z } from 'zod';
import { SignalboxError, type Event } from '../contract/index.ts';
import { manualClock, systemClock, type Clock } from '../core/clock.ts';
import { createClient, type Client } from './client.ts';
import { socketTransport } from './socket.ts';

const Frame = z.looseObject({
  id: z.number().optional(),
  call: z.string().optional(),
  key: z.string().optional(),
  hello: z.unknown().optional(),
  subscribe: z.object({ after: z.number(), filter: z.unknown() }).optional(),
  unsubscribe: z.number().optional(),
});
type Frame = z.infer<typeof Frame>;

/** A hub that keeps every frame it got, by socket, and answers what the test says. */
interface ScriptedHub {
  url: string;
  sockets: Wire[];
  frames: Frame[][];
  calls: (socket: number) => Frame[];
}

type Script = (send: (frame: object) => void, frame: Frame, socket: number) => void;

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function scriptedHub(
  script: Script,
  welcome: () => object = () => ({ welcome: {} }),
): Promise<ScriptedHub> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const port = z.object({ port: z.number() }).parse(server.address()).port;
  const hub: ScriptedHub = {
    url: `http://127.0.0.1:${port}`,
    sockets: [],
    frames: [],
    calls: (socket) => hub.frames[socket]?.filter(({ call }) => call !== undefined) ?? [],
  };
  server.on('connection', (wire) => {
    const socket = hub.sockets.push(wire) - 1;
    const frames: Frame[] = [];
    hub.frames.push(frames);
    const send = (frame: object): void => wire.send(JSON.stringify(frame));
    wire.on('message', (data: Buffer) => {
      for (const frame of framesOf(data)) {
        frames.push(frame);
        if (frame.hello !== undefined) send(welcome());
        else script(send, frame, socket);
      }
    });
  });
  closers.push(() => shut(server));
  return hub;
}

/** One message may bring an array of frames. */
function framesOf(data: Buffer): Frame[] {
  return z.array(Frame).parse([JSON.parse(data.toString())].flat());
}

function shut(server: WebSocketServer): Promise<void> {
  for (const wire of server.clients) wire.terminate();
  return new Promise((resolve) => server.close(() => resolve()));
}

function clientOf(hub: { url: string }, clock?: Clock): Client {
  const client = createClient(
    socketTransport({ url: hub.url, token: 'sbx_test', ...(clock && { clock }) }),
  );
  closers.push(() => client.close());
  return client;
}

const submitted = { id: 'tsk_000000000000000000000', state: 'queued', fence: 0 };

function event(seq: number): Event {
  const at = { atMs: 1, subject: 'tsk_1', actor: 'ada', audience: null, data: {} };
  return { seq, type: 'task.queued', ...at };
}

test('a call is answered with the output of the operation', async () => {
  const hub = await scriptedHub((send, { id }) => send({ id, ok: submitted }));
  const client = clientOf(hub);
  expect(await client.task.submit({ title: 'One' })).toEqual(submitted);
  expect(hub.frames[0]).toEqual([
    { hello: { protocol: 1, arrays: true, token: 'sbx_test' } },
    { id: 1, call: 'task.submit', input: { title: 'One' }, key: expect.any(String) },
  ]);
});

test('a name is claimed only where there is no token', async () => {
  const hub = await scriptedHub((send, { id }) => send({ id, ok: {} }));
  for (const more of [{ token: 'sbx_test' }, {}]) {
    const client = createClient(socketTransport({ url: hub.url, agent: 'ada', ...more }));
    closers.push(() => client.close());
    await client.hub.whoami();
  }
  expect(hub.frames.map(([first]) => first?.hello)).toEqual([
    { protocol: 1, arrays: true, token: 'sbx_test' },
    { protocol: 1, arrays: true, agent: 'ada' },
  ]);
});

test('answers find their calls in whatever order they come', async () => {
  const held: Frame[] = [];
  const hub = await scriptedHub((send, frame) => {
    held.push(frame);
    if (held.length < 3) return;
    for (const { id, input } of held.toReversed()) send({ id, ok: input });
  });
  const client = clientOf(hub);
  const ids = ['a', 'b', 'c'];
  expect(await Promise.all(ids.map((id) => client.why({ id })))).toEqual(ids.map((id) => ({ id })));
});

test('a refusal is thrown with its code, hint and waiting time', async () => {
  const error = { code: 'rate_limited', message: 'Too many.', hint: 'Wait.', retryAfterMs: 70 };
  const hub = await scriptedHub((send, { id }) => send({ id, error }));
  const refusal = clientOf(hub).task.cancel({ id: submitted.id });
  await expect(refusal).rejects.toThrow(SignalboxError);
  await expect(refusal).rejects.toMatchObject(error);
});

test('a refusal with a code of a newer hub keeps its message', async () => {
  const error = { code: 'too_clever', message: 'No.', hint: 'Try less.', mood: 'bad' };
  const hub = await scriptedHub((send, { id }) => send({ id, error }));
  const refusal = clientOf(hub).hub.status();
  await expect(refusal).rejects.toMatchObject({ code: 'internal', message: 'No.' });
});

test('commands carry keys that differ and sort by age, queries carry none', async () => {
  const hub = await scriptedHub((send, { id }) => send({ id, ok: {} }));
  const client = clientOf(hub);
  for (let count = 0; count < 40; count++) await client.task.submit({ title: 'One' });
  await client.task.list();
  await client.task.submit({ title: 'One' }, { key: 'mine' });
  const keys = hub.calls(0).map(({ key }) => key);
  expect(keys.slice(40)).toEqual([undefined, 'mine']);
  const made = keys.slice(0, 40);
  expect(new Set(made).size).toBe(40);
  expect(made.toSorted((a = '', b = '') => (a < b ? -1 : 1))).toEqual(made);
});

test('a call whose socket breaks is sent again under the same key', async () => {
  const hub = await scriptedHub((send, { id }, socket) => {
    if (socket === 0) hub.sockets[0]?.terminate();
    else send({ id, ok: submitted, deduplicated: true });
  });
  const client = clientOf(hub);
  const reply = await client.call('task.submit', { title: 'One' });
  expect(reply).toMatchObject({ output: submitted, isDeduplicated: true });
  expect(hub.calls(1)).toEqual(hub.calls(0));
  expect(hub.calls(1)[0]?.key).toBeDefined();
});

test('a call waits for a hub that is not there yet', async () => {
  const gone = await scriptedHub(() => {});
  const { port } = new URL(gone.url);
  await closers.splice(0)[0]?.();
  const client = clientOf(gone);
  const answer = client.hub.whoami();
  const states: string[] = [];
  client.onState((state) => states.push(state));
  await vi.waitUntil(() => states.includes('disconnected'));
  const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port) });
  closers.push(() => shut(server));
  server.on('connection', (wire) => {
    wire.on('message', (data: Buffer) => {
      const [frame] = framesOf(data);
      const id = frame?.id;
      wire.send(JSON.stringify(id === undefined ? { welcome: {} } : { id, ok: { name: 'ada' } }));
    });
  });
  expect(await answer).toEqual({ name: 'ada' });
});

test('a feed goes on after its last event on the next socket, without a repeat', async () => {
  const hub = await scriptedHub((send, { id, subscribe }, socket) => {
    if (subscribe === undefined) return;
    send({ id, ok: {} });
    const seqs = socket === 0 ? [11, 12] : [12, 13];
    for (const seq of seqs) send({ sub: id, event: event(seq) });
    if (socket === 0) hub.sockets[0]?.close(1001);
  });
  const client = clientOf(hub);
  const seqs: number[] = [];
  const filter = { types: ['task.queued' as const] };
  client.subscribe({ after: 10, filter, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => seqs.includes(13));
  expect(seqs).toEqual([11, 12, 13]);
  expect(hub.frames[1]?.filter(({ subscribe }) => subscribe !== undefined)).toMatchObject([
    { subscribe: { after: 12, filter } },
  ]);
});

test('a feed that the hub ends for a while is opened again from where it was', async () => {
  const clock = manualClock();
  const end = { code: 'unavailable', message: 'Busy.', hint: 'Wait.', retryAfterMs: 50 };
  const after: number[] = [];
  const hub = await scriptedHub((send, { id, subscribe }) => {
    if (subscribe === undefined) return;
    after.push(subscribe.after);
    send({ id, ok: {} });
    send({ sub: id, event: event(subscribe.after + 1) });
    if (after.length === 1) send({ sub: id, end });
  });
  const seqs: number[] = [];
  clientOf(hub, clock).subscribe({ after: 4, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => (clock.advance(50), seqs.length === 2));
  expect(after).toEqual([4, 5]);
});

test('a feed whose cursor is gone ends with that error', async () => {
  const end = { code: 'cursor_expired', message: 'Gone.', hint: 'Start later.' };
  const hub = await scriptedHub((send, { id }) => send({ id, error: end }));
  const ended = new Promise((resolve) => {
    clientOf(hub).subscribe({ after: 1, onEvent: () => {}, onEnd: resolve });
  });
  expect(await ended).toMatchObject(end);
});

test.each([
  { data: undefined },
  { data: null },
  { data: 'words' },
  { data: [] },
  { subject: 7 },
  { seq: 1e300 },
  { seq: '2' },
])('an event that is none, with %j, ends its feed and is not heard', async (wrong) => {
  const hub = await scriptedHub((send, { id, subscribe }) => {
    send({ id, ok: {} });
    if (subscribe === undefined) return;
    send({ sub: id, event: event(1) });
    send({ welcome: {} });
    send({ sub: id, event: { ...event(2), ...wrong } });
    send({ sub: id, event: event(3) });
  });
  const seqs: number[] = [];
  const ended = new Promise((resolve) => {
    const onEvent = ({ seq, data, subject }: Event): void => {
      seqs.push(seq);
      expect([typeof data, typeof subject]).toEqual(['object', 'string']);
    };
    clientOf(hub).subscribe({ after: 0, onEvent, onEnd: resolve });
  });
  expect(await ended).toMatchObject({ code: 'internal' });
  expect(seqs).toEqual([1]);
});

test('a closed feed is given back to the hub and delivers nothing more', async () => {
  const hub = await scriptedHub((send, { id, subscribe, unsubscribe }) => {
    if (subscribe !== undefined) send({ sub: id, event: event(1) });
    if (unsubscribe !== undefined) send({ sub: unsubscribe, event: event(2) });
    send({ id, ok: {} });
  });
  const client = clientOf(hub);
  const seqs: number[] = [];
  const feed = client.subscribe({ after: 0, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => seqs.length === 1);
  feed.close();
  await client.hub.whoami();
  expect(hub.frames[0]).toMatchObject([{}, { id: 2 }, { unsubscribe: 2 }, {}]);
  expect(seqs).toEqual([1]);
});

test('a refused token ends the client instead of trying for ever', async () => {
  const error = { code: 'unauthenticated', message: 'Revoked.', hint: 'Ask for another.' };
  const hub = await scriptedHub(
    () => {},
    () => ({ error }),
  );
  const client = clientOf(hub);
  const states: string[] = [];
  client.onState((state) => states.push(state));
  const call = client.hub.whoami();
  const feedEnd = new Promise((resolve) => {
    client.subscribe({ after: 0, onEvent: () => {}, onEnd: resolve });
  });
  await vi.waitUntil(() => hub.frames[0]?.length === 1);
  hub.sockets[0]?.close(4401);
  await expect(call).rejects.toMatchObject(error);
  expect(await feedEnd).toMatchObject(error);
  await expect(client.hub.whoami()).rejects.toMatchObject(error);
  expect(states).toEqual(['ended']);
  expect(hub.sockets).toHaveLength(1);
});

test('a token that ends later ends the client with the words of the hub', async () => {
  const error = { code: 'unauthenticated', message: 'Revoked.', hint: 'Ask for another.' };
  const hub = await scriptedHub((send) => {
    send({ error });
    hub.sockets[0]?.close(4401);
  });
  await expect(clientOf(hub).hub.whoami()).rejects.toMatchObject(error);
  expect(hub.sockets).toHaveLength(1);
});

test('a hub that cannot welcome anybody just now is tried again', async () => {
  const error = { code: 'unavailable', message: 'No database.', hint: 'Wait.' };
  const welcomes = [{ error }, { welcome: {} }];
  const hub = await scriptedHub(
    (send, { id }) => send({ id, ok: {} }),
    () => welcomes.shift() ?? {},
  );
  const client = clientOf(hub);
  await vi.waitUntil(() => hub.frames[0]?.length === 1);
  hub.sockets[0]?.close(4401);
  expect(await client.hub.whoami()).toEqual({});
});

test('listeners hear the states, and what they call goes ahead of what is sent again', async () => {
  const hub = await scriptedHub((send, { id, call }, socket) => {
    if (socket === 0 && call === 'task.submit') hub.sockets[0]?.terminate();
    else if (call !== undefined) send({ id, ok: {} });
  });
  const client = clientOf(hub);
  const states: string[] = [];
  client.onState((state) => {
    states.push(state);
    if (state === 'connected') void client.agent.connect({ holding: [] });
  });
  await vi.waitUntil(() => states.includes('connected'));
  const late: string[] = [];
  client.onState((state) => late.push(state));
  expect(late).toEqual(['connected']);
  await client.task.submit({ title: 'One' });
  expect(states).toEqual(['connected', 'disconnected', 'connected']);
  expect(hub.calls(1).map(({ call }) => call)).toEqual(['agent.connect', 'task.submit']);
});

test('a feed that a listener opens is opened once', async () => {
  const hub = await scriptedHub((send, { id }) => send({ id, ok: {} }));
  const client = clientOf(hub);
  client.onState((state) => {
    if (state === 'connected') client.subscribe({ after: 0, onEvent: () => {} });
  });
  await client.hub.whoami();
  expect(hub.frames[0]?.filter(({ subscribe }) => subscribe !== undefined)).toHaveLength(1);
});

test('a call that the hub does not answer ends after its time', async () => {
  const clock = manualClock();
  const hub = await scriptedHub(() => {});
  const client = clientOf(hub, clock);
  let error: unknown;
  const call = client.hub.status({}, { timeoutMs: 2_000 }).catch((reason) => (error = reason));
  await vi.waitUntil(() => hub.calls(0).length === 1);
  clock.advance(1_500);
  await Promise.resolve();
  expect(error).toBeUndefined();
  clock.advance(500);
  await call;
  expect(error).toMatchObject({ code: 'unavailable', message: 'The hub did not answer in time.' });
});

test('a call without a hub ends after its time with the reason', async () => {
  const gone = await scriptedHub(() => {});
  await closers.splice(0)[0]?.();
  const client = clientOf(gone);
  const call = client.hub.status({}, { timeoutMs: 300 });
  await expect(call).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^The hub at ws:.* cannot be reached\.$/),
  });
});

test('a silent hub is asked for a sign of life and then left for a new socket', async () => {
  const clock = manualClock();
  const hub = await scriptedHub((send, { id, subscribe }, socket) => {
    if (subscribe !== undefined && socket === 1) send({ sub: id, event: event(6) });
  });
  const client = clientOf(hub, clock);
  const seqs: number[] = [];
  client.subscribe({ after: 5, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => hub.frames[0]?.length === 2);
  clock.advance(14_500);
  expect(hub.calls(0)).toHaveLength(0);
  clock.advance(500);
  await vi.waitUntil(() => hub.calls(0).length === 1);
  hub.sockets[0]?.pause();
  clock.advance(15_000);
  await vi.waitUntil(() => (clock.advance(100), seqs.length === 1));
  expect(hub.sockets).toHaveLength(2);
});

test('a quiet feed of a hub that answers stays on one socket', async () => {
  const clock = manualClock();
  let feed: number | undefined;
  const hub = await scriptedHub((send, { id, call, subscribe }) => {
    send({ id, ok: {} });
    if (subscribe !== undefined) feed = id;
    // An event behind the answer shows that the answer has come.
    if (call !== undefined) send({ sub: feed, event: event(hub.calls(0).length) });
  });
  const client = clientOf(hub, clock);
  const seqs: number[] = [];
  client.subscribe({ after: 0, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => feed !== undefined);
  for (let asked = 1; asked <= 40; asked++) {
    clock.advance(15_000);
    await vi.waitUntil(() => seqs.length >= asked);
    expect(hub.calls(0)).toHaveLength(asked);
  }
  expect(hub.sockets).toHaveLength(1);
});

test('an aborted call is over for its caller at once', async () => {
  const hub = await scriptedHub(() => {});
  const client = clientOf(hub);
  const abort = new AbortController();
  const call = client.hub.status({}, { signal: abort.signal });
  await vi.waitUntil(() => hub.calls(0).length === 1);
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  await expect(client.hub.status({}, { signal: abort.signal })).rejects.toThrow('enough');
});

test('a request over the limit is refused before it is sent', async () => {
  const hub = await scriptedHub((send, { id }) => send({ id, ok: {} }));
  const client = clientOf(hub);
  const body = 'ä'.repeat(600_000);
  await expect(client.task.submit({ title: 'Big', body })).rejects.toMatchObject({
    code: 'too_large',
  });
  await client.task.submit({ title: 'Fits', body: 'a'.repeat(600_000) });
  expect(hub.calls(0)).toHaveLength(1);
});

test('a frame that the hub finds too big is not sent again', async () => {
  const hub = await scriptedHub((send, { id }, socket) => {
    if (socket === 0) hub.sockets[0]?.close(1009);
    else send({ id, ok: {} });
  });
  const client = clientOf(hub);
  await expect(client.hub.status()).rejects.toMatchObject({ code: 'too_large' });
  await client.hub.whoami();
  expect(hub.calls(1).map(({ call }) => call)).toEqual(['hub.whoami']);
});

test('a hub that breaks after each welcome is left more and more in peace', async () => {
  const waits: number[] = [];
  const sleep = (delayMs: number): Promise<void> => {
    waits.push(delayMs);
    return Promise.resolve();
  };
  const hub = await scriptedHub((_send, _frame, socket) => hub.sockets[socket]?.terminate());
  const client = clientOf(hub, { ...systemClock(), sleep });
  client.onState((state) => {
    if (state === 'connected') client.hub.whoami().catch(() => {});
  });
  await vi.waitUntil(() => waits.length >= 6);
  client.close();
  expect(waits[0]).toBeLessThanOrEqual(100);
  expect(waits[5]).toBeGreaterThanOrEqual(1_500);
});

test('closing ends what waits and opens no other socket', async () => {
  const hub = await scriptedHub(() => {});
  const client = clientOf(hub);
  const call = client.hub.status();
  const ends: unknown[] = [];
  client.subscribe({ after: 0, onEvent: () => {}, onEnd: (error) => ends.push(error) });
  await vi.waitUntil(() => hub.calls(0).length === 1);
  client.close();
  await expect(call).rejects.toMatchObject({ code: 'unavailable' });
  await expect(client.hub.status()).rejects.toMatchObject({
    message: expect.stringMatching(/closed/),
  });
  expect(ends).toEqual([undefined]);
  await vi.waitUntil(() => hub.sockets[0]?.readyState === 3);
  expect(hub.sockets).toHaveLength(1);
});

test('an address that is none is refused with an example', () => {
  expect(() => socketTransport({ url: 'localhost:8080' })).toThrow('is not the address of a hub');
});
