/** What a page of a foreign site can make a browser of this machine send to a hub without tokens. */
import { once } from 'node:events';
import { get, IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { z } from 'zod';
import { openTestHub, type TestHub } from '../../test/support/hub.ts';
import { refusalOfCaller } from './guard.ts';
import { serve, SOCKET_PATH } from './serve.ts';

async function open(): Promise<{ hub: TestHub; url: string }> {
  const hub = await openTestHub('sqlite memory', { auth: 'none' });
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve(hub.hub, address);
  onTestFinished(() => server.close());
  return { hub, url: server.url };
}

/** By a client that lets the test say which headers it sends. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  const answered = once(get(url, { headers, agent: false }), 'response');
  const [response] = z.tuple([z.instanceof(IncomingMessage)]).parse(await answered);
  response.resume();
  return response.statusCode ?? 0;
}

test.each([
  ['localhost', true],
  ['LOCALHOST:80', true],
  ['127.0.0.1:4590', true],
  ['127.1', true],
  ['[::1]:80', true],
  ['evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example@127.0.0.1', false],
  ['127.0.0.1@evil.example', false],
  ['evil.example:x@127.0.0.1:80', false],
  ['127.0.0.1/x', false],
  ['127.0.0.1?evil.example', false],
  ['127.0.0.1#evil.example', false],
  ['127.0.0.1\\evil.example', false],
  ['', false],
  [undefined, false],
])('a host that is written as %s is loopback: %s', (host, isLoopback) => {
  expect(refusalOfCaller({ host, origin: undefined, site: undefined }) === undefined).toBe(
    isLoopback,
  );
  if (host === undefined) return;
  const caller = { host: 'localhost', site: undefined };
  const refusal = refusalOfCaller({ ...caller, origin: `http://${host}` });
  expect(refusal === undefined).toBe(isLoopback);
});

test('a foreign page, or one of another port, makes a browser ask for nothing and write nothing', async () => {
  const { url, hub } = await open();
  const ask = (site: string) =>
    statusOf(`${url}/api/signals/bob/inbox`, { 'sec-fetch-site': site });
  for (const site of ['cross-site', 'same-site', 'same-origin, cross-site']) {
    expect([site, await ask(site)]).toEqual([site, 403]);
  }
  const headers = { 'sec-fetch-site': 'cross-site' };
  const socket = new WebSocket(url.replace('http', 'ws') + SOCKET_PATH, { headers });
  expect(String(await once(socket, 'error'))).toContain('403');
  const seen = async (): Promise<string[]> => {
    const { items } = await (await hub.as('ada')).agent.list({});
    return items.map(({ name }) => name);
  };
  expect(await seen()).not.toContain('bob');
  expect([await ask('same-origin'), await ask('none')]).toEqual([200, 200]);
  expect(await seen()).toContain('bob');
});
