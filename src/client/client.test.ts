import { expect, expectTypeOf, test } from 'vitest';
import { operations, SignalboxError } from '../contract/index.ts';
import type { Connection, Subscription } from '../contract/index.ts';
import { httpAddress, socketAddress } from './address.ts';
import { connect, createClient } from './client.ts';
import { localTransport } from './local.ts';
import type { Request, Transport } from './transport.ts';

/** A wire that keeps what it is asked and answers with it. */
function mirror(): { transport: Transport; asked: Request[] } {
  const asked: Request[] = [];
  const transport: Transport = {
    call(request) {
      asked.push(request);
      return Promise.resolve({ output: request.operation, isDeduplicated: false });
    },
    async upload(request) {
      return transport.call(request);
    },
    async download(request) {
      const { output } = await transport.call(request);
      const content = { name: 'a', mediaType: 'text/plain', bytes: 0, sha256: '' };
      return { output, content, body: new Blob().stream() };
    },
    subscribe: () => ({ close: () => {} }),
    close: () => {},
  };
  return { transport, asked };
}

test('there is a method for every operation, and it asks for that operation', async () => {
  const { transport, asked } = mirror();
  const client = createClient(transport);
  for (const name of Object.keys(operations)) {
    const [noun = '', verb] = name.split('.');
    const group: unknown = Reflect.get(client, noun);
    const method: unknown = verb === undefined ? group : Reflect.get(Object(group), verb);
    if (typeof method !== 'function') throw new Error(`${name} has no method`);
    // The mirror is no hub: what is held to the contract is refused.
    await Promise.resolve(method({})).catch(() => {});
  }
  expect(asked.map(({ operation }) => operation)).toEqual(Object.keys(operations));
});

test('the types of inputs and outputs are those of the contract', () => {
  const client = createClient(mirror().transport);
  expectTypeOf(client.task.submit).parameter(0).toHaveProperty('title');
  expectTypeOf(client.task.submit).parameter(0).not.toBeNullable();
  expectTypeOf(client.task.list).parameter(0).toBeNullable();
  expectTypeOf(client.why).returns.resolves.toHaveProperty('facts');
  expectTypeOf(client.task).not.toHaveProperty('explode');
});

test('options of a call reach the wire, and only commands get a key', async () => {
  const { transport, asked } = mirror();
  const client = createClient(transport);
  const { signal } = new AbortController();
  await client.task.list({ limit: 3 }, { signal, timeoutMs: 5 });
  await client.task.cancel({ id: 'tsk_000000000000000000000' });
  await client.call('task.cancel', {});
  await client.call('task.show', {});
  expect(asked).toMatchObject([
    { operation: 'task.list', input: { limit: 3 }, key: undefined, signal, timeoutMs: 5 },
    { operation: 'task.cancel', key: expect.any(String) },
    { operation: 'task.cancel', key: expect.any(String) },
    { operation: 'task.show', key: undefined },
  ]);
  expect(asked[1]?.key).not.toBe(asked[2]?.key);
});

test('a wire without states counts as connected', () => {
  const states: string[] = [];
  createClient(mirror().transport).onState((state) => states.push(state));
  expect(states).toEqual(['connected']);
});

test('addresses keep host, port and path, and change their scheme with the wire', () => {
  expect(socketAddress('https://hub.example.org/box/')).toBe('wss://hub.example.org/box/v1/socket');
  expect(socketAddress('http://127.0.0.1:8080')).toBe('ws://127.0.0.1:8080/v1/socket');
  expect(httpAddress('ws://[::1]:8080/?a=b')).toBe('http://[::1]:8080/v1/');
  expect(() => connect({ url: 'ftp://hub' })).toThrow(SignalboxError);
});

interface ScriptedConnection extends Connection {
  asked: unknown[];
  feeds: Subscription[];
  closed: number;
}

function scriptedConnection(): ScriptedConnection {
  const connection: ScriptedConnection = {
    asked: [],
    feeds: [],
    closed: 0,
    upload: () => Promise.reject(new Error('not here')),
    download: () => Promise.reject(new Error('not here')),
    invoke(call) {
      connection.asked.push(call);
      return Promise.resolve({ output: { cursor: 3 }, isDeduplicated: true });
    },
    subscribe(feed) {
      connection.feeds.push(feed);
      return Promise.resolve({ drain: () => {}, close: () => connection.closed++ });
    },
    close: () => connection.closed++,
  };
  return connection;
}

const frame = { seq: 4, type: 'task.done', subject: 'tsk_1', audience: null } as const;

test('the local wire asks the hub of its own process under one credential', async () => {
  const connection = scriptedConnection();
  const client = createClient(localTransport(connection, { token: 'sbx_local' }));
  expect(await client.hub.status()).toEqual({ cursor: 3 });
  await client.change.claim({}, { key: 'mine' });
  expect(connection.asked).toEqual([
    { operation: 'hub.status', input: {}, credential: { token: 'sbx_local' } },
    { operation: 'change.claim', input: {}, credential: { token: 'sbx_local' }, key: 'mine' },
  ]);
  await expect(client.hub.status({}, { signal: AbortSignal.abort('no') })).rejects.toThrow('no');
  client.close();
  expect(connection.closed).toBe(1);
});

test('the local wire delivers events until either side ends the feed', async () => {
  const connection = scriptedConnection();
  const client = createClient(localTransport(connection, {}));
  const heard: unknown[] = [];
  const listen = { after: 3, onEvent: heard.push.bind(heard), onEnd: heard.push.bind(heard) };
  const first = client.subscribe(listen);
  client.subscribe(listen);
  await Promise.resolve();
  const [feed, other] = connection.feeds;
  expect(feed).toMatchObject({ after: 3, filter: {}, credential: {} });
  feed?.deliver({ ...frame, json: '{"seq":4,"type":"task.done","subject":"x","data":{}}' });
  first.close();
  feed?.deliver({ ...frame, json: '{"seq":5,"type":"task.done","subject":"x","data":{}}' });
  other?.end(new Error('the disk is gone'));
  expect(heard).toMatchObject([{ seq: 4 }, undefined, { code: 'internal' }]);
  expect(connection.closed).toBe(1);
});
