/** The plain paths of the field, asked as its documents ask them. */
import { once } from 'node:events';
import { connect as openTcp } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, SignalClient } from '../client/index.ts';
import { limits } from '../contract/index.ts';
import { openTestHub, type TestHub } from '../../test/support/hub.ts';
import { serve } from './serve.ts';

interface Door {
  hub: TestHub;
  url: string;
  ask: (method: string, path: string, more?: Asked) => Promise<Answer>;
}

interface Asked {
  json?: unknown;
  body?: BodyInit;
  token?: string | undefined;
  headers?: Record<string, string>;
}

interface Answer {
  status: number;
  body: unknown;
}

async function open(auth: 'token' | 'none' = 'none'): Promise<Door> {
  const hub = await openTestHub('sqlite memory', { auth });
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve(hub.hub, address);
  onTestFinished(() => server.close());
  return {
    hub,
    url: server.url,
    async ask(method, path, { json, body, token, headers } = {}) {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { 'x-api-key': token }),
          ...headers,
        },
        ...(json === undefined ? { ...(body && { body }) } : { body: JSON.stringify(json) }),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}

const Signals = z.array(z.looseObject({ id: z.string() }));
const transition = { from: 'Pulse', to: 'FirstResponder', type: 'PIPELINE_TRANSITION' };

test('a signal stays in the inbox until it is acknowledged, and comes back as it was sent', async () => {
  const { ask, hub } = await open('token');
  const tokens = new Map<string, string>();
  for (const name of ['Pulse', 'first_responder']) {
    const root = hub.hub.credentialOf('root', 'admin');
    const asked = { operation: 'token.create', input: { agent: name }, credential: root };
    const { output } = await hub.hub.invoke(asked);
    tokens.set(name, z.object({ secret: z.string() }).parse(output).secret);
  }
  const pulse = { token: tokens.get('Pulse') };
  const first = { token: tokens.get('first_responder') };
  const sent = { ...transition, lead_id: 'abc-123', score: { a: [1, 2] }, timestamp: 'mine' };
  const { status, body } = await ask('POST', '/api/signals/send', { ...pulse, json: sent });
  expect({ status, body }).toMatchObject({ status: 200, body: { status: 'stored' } });
  const inbox = async () =>
    Signals.parse((await ask('GET', '/api/signals/FirstResponder/inbox', first)).body);
  expect(await inbox()).toMatchObject([sent]);
  const [{ id } = { id: '' }] = await inbox();
  expect(await ask('PUT', `/api/signals/${id}/ack`, first)).toMatchObject({ status: 200 });
  expect(await ask('PUT', `/api/signals/${id}/ack`, first)).toMatchObject({ status: 200 });
  expect(await inbox()).toEqual([]);
  const foreign = await ask('GET', '/api/signals/FirstResponder/inbox', pulse);
  expect(foreign).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  const forged = { ...pulse, json: { ...transition, from: 'Closer' } };
  expect(await ask('POST', '/api/signals/send', forged)).toMatchObject({ status: 403 });
  expect(await ask('GET', '/api/signals/Pulse/inbox', { token: 'wrong' })).toMatchObject({
    status: 401,
  });
});

test('the client of signals sends, polls and acknowledges', async () => {
  const { url } = await open();
  const pulse = new SignalClient('Pulse', undefined, url);
  const first = new SignalClient('FirstResponder', undefined, url);
  onTestFinished(() => (pulse.close(), first.close()));
  await pulse.send('first_responder', 'ESCALATION', { lead_id: 'abc-123' });
  const signals = await first.pollInbox();
  expect(signals).toMatchObject([{ from: 'Pulse', type: 'ESCALATION', lead_id: 'abc-123' }]);
  await first.ack(signals[0]?.id ?? '');
  expect(await first.pollInbox()).toEqual([]);
});

test('a broker of channels answers as its document says', async () => {
  const { ask } = await open();
  const hello = { sender: 'test-agent', message: 'Hello World!' };
  expect(await ask('POST', '/messages/test', { json: hello })).toMatchObject({
    status: 200,
    body: { status: 'sent', channel: 'test', cursor: 1 },
  });
  const read = await ask('GET', '/messages/test');
  expect(read.body).toMatchObject({ messages: [hello], cursor: 1 });
  expect((await ask('GET', '/status')).body).toMatchObject({ channels: 1, messages: 1, agents: 1 });
  expect((await ask('GET', '/channels')).body).toMatchObject({ channels: [{ name: 'test' }] });
  expect((await ask('GET', '/agents')).body).toMatchObject({ agents: [{ id: 'test-agent' }] });
});

test('since loses no tie, and the cursor gives each message once', async () => {
  const { ask, hub } = await open();
  for (const message of ['one', 'two']) {
    await ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  }
  hub.clock.advance(1_500);
  const sinceMs = hub.clock.nowMs();
  for (const message of ['three', 'four']) {
    await ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  }
  const Page = z.object({ messages: z.array(z.object({ message: z.string() })) });
  const said = async (query: string) => {
    const { messages } = Page.parse((await ask('GET', `/messages/test?${query}`)).body);
    return messages.map(({ message }) => message);
  };
  expect(await said(`since=${sinceMs / 1000}`)).toEqual(['three', 'four']);
  expect(await said(`since=${new Date(sinceMs).toISOString()}`)).toEqual(['three', 'four']);
  expect(await said('cursor=3')).toEqual(['four']);
  expect(await said('limit=1')).toEqual(['four']);
});

test('the state of a client is written whole, and its files are listed by stage', async () => {
  const { ask } = await open();
  const path = '/api/clients/abc-123';
  expect((await ask('GET', `${path}/state`)).status).toBe(404);
  await ask('PUT', `${path}/state`, { json: { stage: 'pulse', score: 1 } });
  expect((await ask('GET', `${path}/state`)).body).toEqual({ stage: 'pulse', score: 1 });
  const form = new FormData();
  form.append('stage', 'pulse');
  form.append('file', new Blob(['hello']), 'notes.md');
  expect((await ask('POST', `${path}/artifacts`, { body: form })).status).toBe(201);
  const raw = { body: 'raw', headers: { 'content-type': 'text/plain' } };
  const named = `${path}/artifacts?stage=first&name=raw.txt`;
  expect((await ask('POST', named, raw)).status).toBe(201);
  expect((await ask('GET', `${path}/artifacts`)).body).toMatchObject({
    pulse: [{ name: 'notes.md', bytes: 5 }],
    first: [{ name: 'raw.txt', mediaType: 'text/plain' }],
  });
});

test('a form with tricks is refused, and nothing of it is kept', async () => {
  const { ask } = await open();
  const path = '/api/clients/abc-123/artifacts';
  await ask('PUT', '/api/clients/abc-123/state', { json: {} });
  const form = (fields: [string, string | Blob, string?][]): FormData => {
    const made = new FormData();
    for (const [name, value, file] of fields) {
      if (typeof value === 'string') made.append(name, value);
      else made.append(name, value, file);
    }
    return made;
  };
  const file = new Blob(['hello']);
  const wrong = [
    form([['stage', 'pulse']]),
    form([['file', file, 'a.md']]),
    form([
      ['stage', '../..'],
      ['file', file, 'a.md'],
    ]),
    form([
      ['stage', 'pulse'],
      ['file', file, '.hidden'],
    ]),
  ];
  for (const body of wrong) {
    const { status, body: answer } = await ask('POST', path, { body });
    expect({ status, answer }).toMatchObject({
      status: 400,
      answer: { error: { code: 'invalid_input', hint: expect.any(String) } },
    });
  }
  expect((await ask('GET', path)).body).toEqual({});
});

test('bad requests are refused in words', async () => {
  const { ask } = await open();
  const wrong: [string, string, Asked?][] = [
    ['POST', '/messages/test', { json: { sender: 'a b', message: 'x' } }],
    ['POST', '/messages/test', { json: { sender: 'ada' } }],
    ['POST', '/messages/test', { json: { sender: 7, message: 'x' } }],
    ['POST', '/messages/test', { json: { sender: 'ada', message: 'x', more: 1 } }],
    ['POST', '/messages/test', { json: ['x'] }],
    ['POST', '/messages/..%2f..', { json: { sender: 'ada', message: 'x' } }],
    ['GET', '/messages/a%00b'],
    ['GET', '/messages/test?limit=-1'],
    ['GET', '/messages/test?since=yesterday'],
    ['GET', '/messages/test?cursor=99'],
    ['POST', '/api/signals/send', { json: { from: 'ada', type: 'X' } }],
    ['PUT', '/api/signals/nothing/ack'],
    ['GET', `/api/clients/${'x'.repeat(90)}/state`],
    ['GET', '/v1/events?after=x'],
    ['GET', '/v1/events?nonsense=1'],
    ['GET', '/v1/events?types=nothing'],
  ];
  for (const [method, path, more] of wrong) {
    const { status, body } = await ask(method, path, more);
    const told = JSON.stringify(body);
    expect(`${path} ${status} ${told}`).toMatch(/ 400 .*"code":"invalid_input".*"hint":"/);
  }
});

test('a poll that waits answers when something comes, and not before its time is over', async () => {
  const { ask, hub } = await open();
  const waiting = ask('GET', '/v1/events?after=0&waitMs=20000&types=channel.posted');
  const said = { sender: 'ada', message: 'now' };
  await ask('POST', '/messages/test', { json: said });
  expect((await waiting).body).toMatchObject({ items: [{ type: 'channel.posted' }] });
  let isOver = false;
  const idle = ask('GET', '/v1/events?after=0&waitMs=20000&types=task.done').then((answer) => {
    isOver = true;
    return answer;
  });
  await ask('POST', '/messages/test', { json: said });
  expect(isOver).toBe(false);
  await vi.waitUntil(() => (hub.clock.advance(5_000), isOver));
  expect((await idle).body).toMatchObject({ items: [] });
});

test('a stream of events is resumed after the last one without a gap or a repeat', async () => {
  const { url, ask } = await open();
  const post = (message: string) =>
    ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  const seen: number[] = [];
  const stream = async (lastId: number, count: number): Promise<void> => {
    const response = await fetch(`${url}/v1/events?types=channel.posted`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(lastId) },
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const found = [...text.matchAll(/^data: .*"cursor":(\d+)/gm)].map(([, cursor]) =>
        Number(cursor),
      );
      if (found.length < count) continue;
      seen.push(...found);
      // Leaving the loop ends the stream.
      return;
    }
  };
  await post('one');
  const first = stream(0, 2);
  await post('two');
  await first;
  const { headCursor } = await connectHttp(url).event.list({ limit: 1 });
  await post('three');
  await stream(headCursor, 1);
  expect(seen).toEqual([1, 2, 3]);
});

function connectHttp(url: string) {
  const client = connect({ url, agent: 'ada', transport: 'http' });
  onTestFinished(() => client.close());
  return client;
}

test('whoever asks for a stream and does not read it is not waited for in memory', async () => {
  const { url, ask } = await open();
  const { port } = new URL(url);
  const socket = openTcp(Number(port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(
    `GET /v1/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  await once(socket, 'readable');
  const message = 'x'.repeat(limits.messageInlineCharsMax - 100);
  for (let count = 0; count < 200; count++) {
    await ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  }
  expect((await ask('GET', '/status')).body).toMatchObject({ messages: 200 });
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const places = () => [...text.matchAll(/^data: .*?"cursor":(\d+)/gm)].map(([, at]) => Number(at));
  await vi.waitUntil(() => places().length === 200, { timeout: 15_000 });
  expect(places()).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});

test('the page of the API brings only its own files', async () => {
  const { url } = await open();
  const page = await fetch(`${url}/docs`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect(path).toMatch(/^\//);
    const file = await fetch(url + (path ?? ''));
    await file.arrayBuffer();
    expect(file.status).toBe(200);
  }
});
