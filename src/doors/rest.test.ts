/** The plain paths of the field, asked as its documents ask them. */
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { SignalClient } from '../client/index.ts';
import { limits } from '../contract/index.ts';
import { type Asked, openDoors } from './fixture.ts';

const Signals = z.array(z.looseObject({ id: z.string() }));
const transition = { from: 'Pulse', to: 'FirstResponder', type: 'PIPELINE_TRANSITION' };

test('a signal stays in the inbox until it is acknowledged, and comes back as it was sent', async () => {
  const { ask, hub } = await openDoors('token');
  const tokens = new Map<string, string>();
  for (const name of ['Pulse', 'first_responder']) {
    const root = hub.hub.credentialOf('root', 'admin');
    const asked = { operation: 'token.create', input: { agent: name }, credential: root };
    const { output } = await hub.hub.invoke(asked);
    tokens.set(name, z.object({ secret: z.string() }).parse(output).secret);
  }
  const pulse = { token: tokens.get('Pulse') };
  const first = { token: tokens.get('first_responder') };
  const sent = { ...transition, lead_id: 'abc-123', score: { a: [1, 2] } };
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
  const { url } = await openDoors();
  const pulse = new SignalClient('Pulse', undefined, url);
  const first = new SignalClient('FirstResponder', undefined, url);
  onTestFinished(() => (pulse.close(), first.close()));
  await pulse.send('first_responder', 'ESCALATION', { lead_id: 'abc-123' });
  const signals = await first.pollInbox();
  expect(signals).toMatchObject([{ from: 'Pulse', type: 'ESCALATION', lead_id: 'abc-123' }]);
  await first.ack(signals[0]?.id ?? '');
  expect(await first.pollInbox()).toEqual([]);
});

test('without tokens whoever acknowledges need not say who it is', async () => {
  const { ask } = await openDoors();
  const sent = z.object({ id: z.string() });
  const { id } = sent.parse((await ask('POST', '/api/signals/send', { json: transition })).body);
  const inbox = async () => (await ask('GET', '/api/signals/FirstResponder/inbox')).body;
  expect(await inbox()).toMatchObject([{ id }]);
  for (const wasNew of [true, false]) {
    const { status, body } = await ask('PUT', `/api/signals/${id}/ack`);
    expect({ status, body }).toEqual({ status: 200, body: { id, status: 'acknowledged', wasNew } });
  }
  expect(await inbox()).toEqual([]);
  const named = { headers: { 'x-signalbox-agent': 'somebody' } };
  expect((await ask('PUT', `/api/signals/${id}/ack`, named)).status).toBe(404);
  const wrong = await ask('GET', '/api/signals/FirstResponder/inbox', { token: 'sbx_wrong' });
  expect(wrong).toMatchObject({
    status: 401,
    body: { error: { hint: expect.stringContaining('asks for no token') } },
  });
});

test('a broker of channels answers as its document says', async () => {
  const { ask } = await openDoors();
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
  const { ask, hub } = await openDoors();
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

test('a list is whole, however many pages the hub has of it', async () => {
  const { ask } = await openDoors();
  for (let count = 0; count <= limits.pageMax; count++) {
    await ask('POST', `/messages/c${count}`, { json: { sender: `a${count}`, message: 'x' } });
  }
  const count = limits.pageMax + 1;
  const Channels = z.object({ channels: z.array(z.object({ name: z.string() })) });
  const { channels } = Channels.parse((await ask('GET', '/channels')).body);
  expect(new Set(channels.map(({ name }) => name)).size).toBe(count);
  const { agents } = z
    .object({ agents: z.array(z.unknown()) })
    .parse((await ask('GET', '/agents')).body);
  expect(agents).toHaveLength(count);
  expect((await ask('GET', '/status')).body).toMatchObject({ channels: count, messages: count });
});

test('with tokens the sender is the agent of the token, and nobody else', async () => {
  const { ask, hub } = await openDoors('token');
  const root = hub.hub.credentialOf('root', 'admin');
  const asked = { operation: 'token.create', input: { agent: 'test-agent' }, credential: root };
  const { output } = await hub.hub.invoke(asked);
  const token = z.object({ secret: z.string() }).parse(output).secret;
  const hello = { sender: 'Test_Agent', message: 'Hello World!' };
  const post = (more: Asked) => ask('POST', '/messages/test', more);
  expect(await post({ token, json: hello })).toMatchObject({ status: 200 });
  expect(await post({ token, json: { message: 'mine' } })).toMatchObject({ status: 200 });
  expect(await post({ token, json: { ...hello, sender: 'ada' } })).toMatchObject({
    status: 403,
    body: { error: { code: 'forbidden', hint: expect.stringContaining('token') } },
  });
  expect(await post({ json: hello })).toMatchObject({ status: 401 });
  expect(await post({ token: 'sbx_wrong', json: hello })).toMatchObject({ status: 401 });
  for (const path of ['/status', '/channels', '/agents', '/messages/test']) {
    expect(await ask('GET', path)).toMatchObject({ status: 401 });
  }
  const { body } = await ask('GET', '/messages/test', { token });
  expect(body).toMatchObject({ messages: [{ sender: 'test-agent' }, { message: 'mine' }] });
});

test('the state of a client is written whole, and its files are listed by stage', async () => {
  const { ask } = await openDoors();
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

test('bad requests are refused in words', async () => {
  const { ask } = await openDoors();
  const wrong: [string, string, Asked?][] = [
    ['POST', '/messages/test', { json: { sender: 'a b', message: 'x' } }],
    ['POST', '/messages/test', { json: { sender: 'ada' } }],
    ['POST', '/messages/test', { json: { sender: 7, message: 'x' } }],
    ['POST', '/messages/test', { json: { sender: 'ada', message: 'x', more: 1 } }],
    ['POST', '/messages/test', { json: ['x'] }],
    ['POST', '/messages/..%2f..', { json: { sender: 'ada', message: 'x' } }],
    ['GET', '/messages/a%00b'],
    ['GET', '/messages/%2e%2e%2fstatus'],
    ['GET', `/messages/${'x'.repeat(10_000)}`],
    ['GET', `/api/signals/${'x'.repeat(10_000)}/inbox`],
    ['GET', '/api/signals/a%2fb/inbox'],
    ['GET', '/api/signals/%ff/inbox'],
    ['PUT', '/api/clients/..%2f..%2fetc/state', { json: {} }],
    ['GET', '/messages/test?limit=-1'],
    ['GET', '/messages/test?since=yesterday'],
    ['GET', '/messages/test?cursor=99'],
    ['POST', '/api/signals/send', { json: { from: 'ada', type: 'X' } }],
    ['PUT', '/api/signals/nothing/ack'],
    ['POST', '/api/signals/send', { json: null }],
    ['PUT', '/api/clients/abc-123/state'],
    ['PUT', '/api/clients/abc-123/state', { json: [1] }],
    ['PUT', '/api/clients/abc-123/state', { headers: { 'content-type': 'application/json' } }],
    ['GET', `/api/clients/${'x'.repeat(90)}/state`],
    ['GET', '/v1/events?after=x'],
    ['GET', '/v1/events?nonsense=1'],
    ['GET', '/v1/events?types=nothing'],
    ['GET', '/v1/events?mine=maybe'],
  ];
  for (const [method, path, more] of wrong) {
    const { status, body } = await ask(method, path, more);
    const told = JSON.stringify(body);
    expect(`${path} ${status} ${told}`).toMatch(/ 400 .*"code":"invalid_input".*"hint":"/);
  }
});

test('the page of the API brings only its own files', async () => {
  const { url } = await openDoors();
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
