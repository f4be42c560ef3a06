/** The socket's wire itself: what one message may bring, and in how many messages answers come. */
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { limits } from '../contract/index.ts';
import { openTestHub, type TestHub } from '../../test/support/hub.ts';
import { serve } from './serve.ts';

interface RawSocket {
  /** Each message as it came, parsed. */
  messages: unknown[];
  send: (value: unknown) => void;
  closed: Promise<unknown[]>;
}

interface Opened extends RawSocket {
  hub: TestHub;
  /** Of the door alone: the hub has its own. */
  timers: () => number;
}

/** A socket that has not said anything. */
async function open(): Promise<Opened> {
  const hub = await openTestHub('sqlite memory');
  const timers = new Set<object>();
  const clock = {
    ...hub.clock,
    after(delayMs: number, call: () => void) {
      const timer = {};
      timers.add(timer);
      const cancel = hub.clock.after(delayMs, () => (timers.delete(timer), call()));
      return () => (timers.delete(timer), cancel());
    },
  };
  const server = await serve(hub.hub, { host: '127.0.0.1', port: 0, version: '0.0.0', clock });
  onTestFinished(() => server.close());
  const wire = new WebSocket(`${server.url.replace('http', 'ws')}/v1/socket`);
  onTestFinished(() => wire.terminate());
  const messages: unknown[] = [];
  wire.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString())));
  await once(wire, 'open');
  const send = (value: unknown): void => wire.send(JSON.stringify(value));
  return { hub, timers: () => timers.size, messages, send, closed: once(wire, 'close') };
}

/** A socket that has said hello and been welcomed. */
async function socket(hello: object): Promise<Opened> {
  const opened = await open();
  const { hub, messages, send } = opened;
  const token = hub.hub.credentialOf('ada', 'agent').token;
  send({ hello: { protocol: 1, token, ...hello } });
  await vi.waitUntil(() => messages.length === 1);
  expect(messages.splice(0)).toMatchObject([{ welcome: { name: 'ada' } }]);
  return opened;
}

const calls = [1, 2, 3].map((id) => ({
  id,
  call: 'task.submit',
  input: { title: `number ${id}` },
  key: `key-${id}`,
}));

test('the calls of one message are committed together and answered by one', async () => {
  const { messages, send } = await socket({ arrays: true });
  send(calls);
  await vi.waitUntil(() => messages.length > 0);
  const ok = { state: 'queued' };
  expect(messages).toMatchObject([
    [
      { id: 1, ok },
      { id: 2, ok },
      { id: 3, ok },
    ],
  ]);
});

test('a client that did not ask for arrays gets each answer by itself', async () => {
  const { messages, send } = await socket({});
  send(calls);
  await vi.waitUntil(() => messages.length === 3);
  expect(messages).toMatchObject([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test('one bad frame among others is answered by its id, and the others are carried out', async () => {
  const { messages, send } = await socket({});
  send([calls[0], { id: 9, call: 'task.nothing' }, calls[1]]);
  await vi.waitUntil(() => messages.length === 3);
  expect(messages).toContainEqual(
    expect.objectContaining({
      id: 9,
      error: expect.objectContaining({ code: 'unknown_operation' }),
    }),
  );
});

test('more frames than one message may have are refused', async () => {
  const { messages, send, closed } = await socket({});
  send(Array.from({ length: limits.framesPerMessageMax + 1 }, () => calls[0]));
  expect((await closed)[0]).toBe(4400);
  expect(messages).toMatchObject([{ error: { code: 'too_large' } }]);
});

test('a socket that says nothing is closed after five seconds', async () => {
  const { hub, timers, closed } = await open();
  expect(timers()).toBe(1);
  hub.clock.advance(5_000);
  expect((await closed)[0]).toBe(4408);
});

test('once a hello has come nothing waits for it any more', async () => {
  const { timers } = await socket({});
  expect(timers()).toBe(0);
});
