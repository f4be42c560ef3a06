/** What must never be answered with a 5xx: whatever comes in over HTTP, a socket or a field. */
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Call, ErrorBody, limits, operations } from '../../src/contract/index.ts';
import { type OperationName, SignalboxError } from '../../src/contract/index.ts';
import { serve } from '../../src/doors/serve.ts';
import { eachEngine } from '../support/engines.ts';
import { commit, NOBODY, openTestHub, type TestHub } from '../support/hub.ts';
import { inviteInputs } from './invite-entries.ts';
import { budgetInputs } from './budget-entries.ts';
import { lockInputs } from './lock-entries.ts';
import { memoryInputs } from './memory-entries.ts';
import { messageInputs } from './message-inputs.ts';
import { scheduleInputs } from './schedule-entries.ts';
import { webhookInputs } from './webhook-entries.ts';

interface Door {
  hub: TestHub;
  url: string;
  token: string;
  revoke: () => Promise<unknown>;
}

async function open(): Promise<Door> {
  const hub = await openTestHub('sqlite memory');
  const root = await hub.as('root', 'admin');
  const { secret, token } = await root.token.create({ agent: 'ada' });
  const options = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve(hub.hub, options);
  onTestFinished(() => server.close());
  const revoke = () => root.token.revoke({ id: token.id });
  return { hub, url: server.url, token: secret, revoke };
}

interface Sent {
  path?: string;
  method?: string;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

async function send({ url, token }: Door, sent: Sent): Promise<{ status: number; body: unknown }> {
  const { path = '/v1/task.submit', method = 'POST', body = '', headers = {} } = sent;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...headers,
    },
    ...(method === 'GET' ? {} : { body }),
  });
  return { status: response.status, body: await response.json() };
}

const refused = (body: unknown): ErrorBody =>
  ErrorBody.parse(typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : body);

const text = (value: unknown): string => JSON.stringify(value);
/** Fine but for two bytes: read with replacement characters it would be a task. */
const badUtf8 = new Uint8Array(Buffer.from('{"title":"\u00c3\u0028"}', 'latin1'));

const table: [title: string, sent: Sent, status: number, code: string][] = [
  ['JSON that stops', { body: '{"title":' }, 400, 'invalid_input'],
  ['what is not JSON', { body: 'title=x' }, 400, 'invalid_input'],
  ['an empty body', { body: '' }, 400, 'invalid_input'],
  ['a list', { body: '[]' }, 400, 'invalid_input'],
  ['null', { body: 'null' }, 400, 'invalid_input'],
  ['a wrong type', { body: text({ title: 5 }) }, 400, 'invalid_input'],
  ['a field that is not known', { body: text({ title: 'x', tilte: 1 }) }, 400, 'invalid_input'],
  ['a prototype', { body: '{"title":"x","__proto__":{"a":1}}' }, 400, 'invalid_input'],
  ['a title that is too long', { body: text({ title: 'x'.repeat(201) }) }, 400, 'invalid_input'],
  ['a number past all bounds', { body: '{"title":"x","timeoutMs":1e999}' }, 400, 'invalid_input'],
  ['NUL in a text', { body: text({ title: 'a\0b' }) }, 400, 'invalid_input'],
  ['bytes that are not UTF-8', { body: badUtf8 }, 400, 'invalid_input'],
  ['lists 10,000 deep', { body: '['.repeat(10_000) }, 400, 'invalid_input'],
  ['objects 10,000 deep', { body: '{"a":'.repeat(10_000) }, 400, 'invalid_input'],
  ['a body of a megabyte', { body: 'x'.repeat(limits.requestBytesMax + 1) }, 413, 'too_large'],
  ['a body that is a form', { headers: { 'content-type': 'text/plain' } }, 415, 'unsupported'],
  ['an operation that is not', { path: '/v1/task.sumbit' }, 404, 'unknown_operation'],
  ['the name of a prototype', { path: '/v1/__proto__' }, 404, 'unknown_operation'],
  ['a constructor', { path: '/v1/constructor' }, 404, 'unknown_operation'],
  ['a path that is not', { path: '/v2/task.submit' }, 404, 'unknown_operation'],
  ['a GET of an operation', { method: 'GET' }, 404, 'unknown_operation'],
  ['a path that cannot be decoded', { path: '/v1/%zz' }, 400, 'invalid_input'],
  ['no token', { headers: { authorization: '' } }, 401, 'unauthenticated'],
  ['a foreign token', { headers: { authorization: 'Bearer sbx_no' } }, 401, 'unauthenticated'],
  ['another scheme', { headers: { authorization: 'Basic eDp5' } }, 401, 'unauthenticated'],
  ['what it may not do', { path: '/v1/token.list', body: '{}' }, 403, 'forbidden'],
  ['a key with a space', { headers: { 'idempotency-key': 'a b' } }, 400, 'invalid_input'],
  [
    'a key that is too long',
    { headers: { 'idempotency-key': 'k'.repeat(201) } },
    400,
    'invalid_input',
  ],
  [
    'a task that is not',
    { path: '/v1/task.show', body: text({ id: NOBODY.task }) },
    404,
    'not_found',
  ],
  [
    'a repository that is a command',
    { body: text({ title: 'x', repository: 'ext::sh -c id' }) },
    400,
    'invalid_input',
  ],
  [
    'a branch that is an option',
    { body: text({ title: 'x', repository: '/srv/x.git', baseBranch: '--all' }) },
    400,
    'invalid_input',
  ],
  [
    'a path out of the repository',
    { body: text({ title: 'x', repository: '/srv/../etc' }) },
    400,
    'invalid_input',
  ],
];

test('bad input over HTTP is refused with a hint, and the hub lives on', async () => {
  const door = await open();
  for (const [title, sent, status, code] of table) {
    const answer = await send(door, sent);
    const error = refused(answer.body);
    expect([answer.status, error.code], title).toEqual([status, code]);
    expect(error.hint.length, title).toBeGreaterThan(10);
    expect(error.message, title).not.toMatch(/node_modules|\.ts:|\n {4}at /);
  }
  const fine = await send(door, { body: text({ title: 'x' }) });
  expect(fine.status).toBe(200);
  expect((await (await door.hub.as('pat', 'operator')).task.list()).items).toHaveLength(1);
});

test('an idempotency key that comes with another body is refused', async () => {
  const door = await open();
  const headers = { 'idempotency-key': 'k1' };
  const first = await send(door, { body: text({ title: 'x' }), headers });
  const again = await fetch(`${door.url}/v1/task.submit`, {
    method: 'POST',
    headers: { ...headers, 'x-api-key': door.token, 'content-type': 'application/json' },
    body: text({ title: 'x' }),
  });
  expect(await again.json()).toEqual(first.body);
  expect(again.headers.get('x-signalbox-deduplicated')).toBe('true');
  const other = await send(door, { body: text({ title: 'y' }), headers });
  expect([other.status, refused(other.body).code]).toEqual([422, 'key_reused']);
});

test('a body without end that comes in chunks is cut off', async () => {
  const door = await open();
  const answer = await new Promise<IncomingMessage>((done) => {
    const sent = request(`${door.url}/v1/task.submit`, {
      method: 'POST',
      headers: { authorization: `Bearer ${door.token}`, 'content-type': 'application/json' },
    });
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let bytes = 0;
    const more = (): void => {
      while (!sent.destroyed && bytes < 64 * limits.requestBytesMax) {
        bytes += chunk.length;
        if (!sent.write(chunk)) return void sent.once('drain', more);
      }
    };
    sent.on('response', done);
    // The hub may close the wire while more is being written.
    sent.on('error', () => {});
    more();
  });
  const body: unknown = await json(answer);
  answer.destroy();
  expect([answer.statusCode, refused(body).code]).toEqual([413, 'too_large']);
  expect((await fetch(`${door.url}/live`)).status).toBe(200);
});

/** What the hub answers to these bytes, until it closes the wire; `hangUp` does not wait for it. */
function raw({ url }: Door, bytes: string, hangUp = false): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += String(chunk)));
  socket.on('error', () => {});
  socket.write(bytes, () => hangUp && socket.resetAndDestroy());
  return new Promise((done) => socket.on('close', () => done(answer)));
}

const upgrade = (path: string, to: string): string =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${to}\r\n` +
  `sec-websocket-version: 13\r\nsec-websocket-key: ${'A'.repeat(22)}==\r\n`;

test('what is no request of HTTP is refused in the same words as all else', async () => {
  const door = await open();
  const strange: [string, number, string][] = [
    ['\x16\x03\x01 hello\r\n\r\n', 400, 'invalid_input'],
    ['POST /v1/why HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400, 'invalid_input'],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 413, 'too_large'],
    [`${upgrade('/elsewhere', 'websocket')}\r\n`, 404, 'unknown_operation'],
  ];
  for (const [bytes, status, code] of strange) {
    const [head = '', body = ''] = (await raw(door, bytes)).split('\r\n\r\n');
    expect(head, bytes.slice(0, 40)).toContain(`HTTP/1.1 ${status} `);
    const error = refused(JSON.parse(body));
    expect([error.code, error.hint.length > 10]).toEqual([code, true]);
  }
});

test('a caller that hangs up while it is refused does not end the hub', async () => {
  const door = await open();
  const bytes = `${upgrade('/elsewhere', 'websocket')}\r\n${'x'.repeat(3_000)}`;
  await Promise.all(Array.from({ length: 100 }, () => raw(door, bytes, true)));
  expect((await fetch(`${door.url}/live`)).status).toBe(200);
});

test('a client that offers HTTP/2 gets its answer over HTTP/1.1', async () => {
  const door = await open();
  const bytes = `${upgrade('/live', 'h2c')}connection: close\r\n\r\n`;
  expect(await raw(door, bytes)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});

interface Talk {
  frames: unknown[];
  closed: Promise<number>;
  send: (frame: unknown) => void;
}

/** A socket that has not said hello. */
async function call({ url }: Door): Promise<Talk> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/socket`);
  onTestFinished(() => socket.terminate());
  const frames: unknown[] = [];
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
  const closed = new Promise<number>((done) => socket.once('close', done));
  await new Promise((opened) => socket.once('open', opened));
  const write = (frame: unknown): void =>
    socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : text(frame));
  return { frames, closed, send: write };
}

async function greeted(door: Door): Promise<Talk> {
  const talk = await call(door);
  talk.send({ hello: { protocol: 1, token: door.token } });
  await expect.poll(() => talk.frames).toHaveLength(1);
  expect(talk.frames[0]).toMatchObject({ welcome: { name: 'ada', role: 'agent' } });
  talk.frames.length = 0;
  return talk;
}

test('a socket that does not speak the protocol is told so and closed', async () => {
  const door = await open();
  const strangers: [unknown, number][] = [
    ['hello', 4400],
    ['['.repeat(10_000), 4400],
    [{ hello: { protocol: 2, token: door.token } }, 4400],
    [{ hello: { protocol: 1, token: door.token, more: 1 } }, 4400],
    [{ id: 1, call: 'hub.status', input: {} }, 4400],
    [Buffer.from('{"hello":{}}'), 4400],
    [{ hello: { protocol: 1, token: 'sbx_no' } }, 4401],
    [{ hello: { protocol: 1 } }, 4401],
  ];
  for (const [frame, code] of strangers) {
    const talk = await call(door);
    talk.send(frame);
    expect(await talk.closed, String(frame)).toBe(code);
    expect(refused(talk.frames[0]).hint.length).toBeGreaterThan(10);
  }
  const friends: [unknown, number][] = [
    ['{"id":1,', 4400],
    [{ call: 'hub.status' }, 4400],
    [{ hello: { protocol: 1 } }, 4400],
    ['null', 4400],
    ['x'.repeat(limits.frameBytesMax + 1), 1009],
  ];
  for (const [frame, code] of friends) {
    const talk = await greeted(door);
    talk.send(frame);
    expect(await talk.closed, String(frame).slice(0, 80)).toBe(code);
  }
  const silent = await call(door);
  door.hub.clock.advance(5_000);
  expect(await silent.closed).toBe(4408);
});

test('a frame with an id is refused under its id, and the socket stays open', async () => {
  const door = await open();
  const talk = await greeted(door);
  const frames: [object, string][] = [
    [{ call: 'no.such', input: {} }, 'unknown_operation'],
    [{ call: 'task.submit', input: { title: 7 } }, 'invalid_input'],
    [{ call: 'task.submit', input: null }, 'invalid_input'],
    [{ call: 'task.submit', input: { title: 'x' }, key: 'a b' }, 'invalid_input'],
    [{ call: 'token.list', input: {} }, 'forbidden'],
    [{ call: 5 }, 'invalid_input'],
    [{ nothing: true }, 'invalid_input'],
    [{ subscribe: { after: 1_000_000 } }, 'invalid_input'],
    [{ subscribe: { after: -1 } }, 'invalid_input'],
    [{ subscribe: { after: 0, filter: { types: ['no.such'] } } }, 'invalid_input'],
  ];
  for (const [index, [frame, code]] of frames.entries()) {
    talk.send({ id: index + 1, ...frame });
    await expect.poll(() => talk.frames).toHaveLength(index + 1);
    expect(talk.frames[index]).toMatchObject({ id: index + 1, error: { code } });
  }
  talk.frames.length = 0;
  for (let id = 100; id <= 100 + limits.subscriptionsPerSocketMax; id++) {
    talk.send({ id, subscribe: { after: 0, filter: { subject: 'nobody' } } });
  }
  await expect.poll(() => talk.frames).toHaveLength(limits.subscriptionsPerSocketMax + 1);
  const last = 100 + limits.subscriptionsPerSocketMax;
  const refusals = talk.frames.filter((frame) => text(frame).includes('"error"'));
  expect(refusals).toMatchObject([{ id: last, error: { code: 'too_large' } }]);
});

test('an id that is in use is refused also while its feed is being opened', async () => {
  const talk = await greeted(await open());
  for (let count = 0; count < 3; count++) talk.send({ id: 7, subscribe: { after: 0 } });
  await expect
    .poll(() => talk.frames.filter((frame) => text(frame).includes('"id":7')))
    .toHaveLength(3);
  const answers = talk.frames.filter((frame) => text(frame).includes('"id":7'));
  expect(answers.filter((frame) => text(frame).includes('"ok"'))).toHaveLength(1);
});

test('a feed that is ended while it is being opened delivers nothing', async () => {
  const door = await open();
  const talk = await greeted(door);
  talk.send({ id: 7, subscribe: { after: 0 } });
  talk.send({ id: 8, unsubscribe: 7 });
  await expect
    .poll(() => talk.frames.filter((frame) => text(frame).includes('"ok"')))
    .toHaveLength(2);
  talk.frames.length = 0;
  const person = await door.hub.as('pat', 'operator');
  await person.task.submit({ title: 'not heard' });
  talk.send({ id: 9, call: 'hub.whoami', input: {} });
  await expect.poll(() => talk.frames).toHaveLength(1);
  expect(talk.frames[0]).toMatchObject({ id: 9 });
});

test('a socket whose token is revoked is told so and closed within a second', async () => {
  const door = await open();
  const talk = await greeted(door);
  talk.send({ id: 7, subscribe: { after: 0 } });
  await expect.poll(() => talk.frames.length).toBeGreaterThan(0);
  const beganMs = performance.now();
  await door.revoke();
  expect(await talk.closed).toBe(4401);
  expect(performance.now() - beganMs).toBeLessThan(1_000);
  expect(text(talk.frames)).toContain('"code":"unauthenticated"');
  const again = await call(door);
  again.send({ hello: { protocol: 1, token: door.token } });
  expect(await again.closed).toBe(4401);
});

test('queries whose answers nobody reads wait, and are answered when somebody does', async () => {
  const hub = await openTestHub('sqlite memory');
  let count = 0;
  const counted: typeof hub.hub.connect = (onEnd) => {
    const connection = hub.hub.connect(onEnd);
    const invoke: typeof connection.invoke = (asked) => {
      if (asked.operation === 'task.list') count += 1;
      return connection.invoke(asked);
    };
    return { ...connection, invoke };
  };
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve({ ...hub.hub, connect: counted }, address);
  onTestFinished(() => server.close());
  const pat = await hub.as('pat', 'operator');
  const body = 'x'.repeat(limits.bodyCharsMax);
  for (let n = 0; n < 5; n++) await pat.task.submit({ title: 'x', body });
  const { secret } = await (await hub.as('root', 'admin')).token.create({ agent: 'ada' });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/socket`);
  onTestFinished(() => socket.terminate());
  let answers = 0;
  socket.on('message', () => (answers += 1));
  await new Promise((opened) => socket.once('open', opened));
  socket.send(text({ hello: { protocol: 1, token: secret } }));
  await expect.poll(() => answers).toBe(1);
  socket.pause();
  for (let id = 1; id <= 60; id++) socket.send(text({ id, call: 'task.list', input: {} }));
  await expect.poll(() => count).toBeGreaterThan(3);
  for (let n = 0; n < 50; n++) await fetch(`${server.url}/ready`);
  expect(count).toBeLessThan(40);
  socket.resume();
  await expect.poll(() => answers, { timeout: 15_000 }).toBe(61);
});

const order = {
  title: 'x',
  budget: { tokensMax: 1, costMicrosMax: 1 },
  body: 'y',
  repository: '/srv/x.git',
  baseBranch: 'main',
  checks: ['make'],
  paths: ['src/**'],
  lane: 'low',
  needs: ['ts'],
  after: [],
  failuresMax: 1,
  timeoutMs: 5_000,
  onNeededFailure: 'cancel',
  parent: NOBODY.task,
  prefers: ['ts'],
  trust: 1,
  concurrencyKey: 'x',
  unique: { key: 'x', scope: 'ever' },
  notBeforeMs: 1,
  deadlineMs: 1,
  progressTimeoutMs: 1_000,
};
const use = {
  model: 'm',
  inputTokens: 1,
  cachedInputTokens: 0,
  outputTokens: 1,
  costMicros: 1,
  contextTokens: 1,
  contextTokensMax: 1,
};
const held = { taskId: NOBODY.task, fence: 1 };
const leased = { id: NOBODY.change, lease: 1 };
const sessionId = NOBODY.session;

/** An input of each operation in which every field stands. */
const full: Record<OperationName, Record<string, unknown>> = {
  'task.submit': order,
  'batch.submit': { tasks: [{ ...order, ref: 'x' }] },
  'task.show': { id: NOBODY.task },
  'task.list': {
    cursor: 'x',
    limit: 1,
    state: 'done',
    agent: 'ada',
    repositoryId: `rep_${'0'.repeat(21)}`,
    parent: NOBODY.task,
  },
  'task.waiting': { limit: 1 },
  'task.log': { id: NOBODY.task, attempt: 1 },
  'task.cancel': { id: NOBODY.task, reason: 'x' },
  'task.retry': { id: NOBODY.task },
  'task.pull': {
    capabilities: ['gpu'],
    session: 's',
    taskId: NOBODY.task,
    repository: 'https://example.org/a.git',
  },
  'task.accept': held,
  'task.decline': { ...held, reason: 'x', log: 'x', use },
  'task.start': held,
  'task.progress': { ...held, note: 'x', blockedBy: 'x', use },
  'task.snooze': { ...held, forMs: 1, untilChildrenEnd: true, reason: 'x', log: 'x', use },
  'task.complete': {
    ...held,
    report: 'x',
    change: { branch: 'b', base: commit('a'), head: commit('b') },
    log: 'x',
    use,
  },
  'task.fail': { ...held, reason: 'x', outcome: 'failed', isRetryable: true, log: 'x', use },
  'change.claim': {},
  'change.heartbeat': leased,
  'change.assess': {
    ...leased,
    baseBranch: 'b',
    policy: 'x',
    paths: ['a'],
    additions: 0,
    deletions: 0,
  },
  'change.pass': { ...leased, testedCommit: commit('a'), testedBase: commit('b'), log: 'x' },
  'change.reject': { ...leased, outcome: 'conflict', reason: 'x', log: 'x' },
  'change.release': { ...leased, reason: 'x', retryInMs: 0 },
  'change.land': { ...leased, landedCommit: commit('a') },
  'change.show': { id: NOBODY.change },
  'change.list': { cursor: 'x', limit: 1, state: 'landed', taskId: NOBODY.task },
  'change.approve': { id: NOBODY.change, reason: 'x' },
  'change.decline': { id: NOBODY.change, reason: 'x' },
  'case.get': { id: 'abc-123', version: 1 },
  'case.put': { id: 'abc-123', version: 1, state: { a: 1 }, pipeline: 'max', stage: 'pulse' },
  'case.patch': { id: 'abc-123', version: 1, patch: { a: 1 } },
  'case.advance': { id: 'abc-123', version: 1, to: 'first', patch: { a: 1 } },
  'case.list': { cursor: 'x', limit: 1, pipeline: 'max', stage: 'pulse' },
  'case.history': { id: 'abc-123', cursor: '1', limit: 1 },
  'pipeline.set': { name: 'max', stages: [{ name: 'pulse', agent: 'ada', next: ['pulse'] }] },
  'pipeline.show': { name: 'max' },
  'pipeline.list': { cursor: 'x', limit: 1 },
  'pipeline.remove': { name: 'max' },
  'artifact.upload': {
    caseId: 'abc-123',
    stage: 'pulse',
    name: 'a.txt',
    mediaType: 'text/plain',
    bytes: 1,
    sha256: 'a'.repeat(64),
  },
  'artifact.download': { id: `art_${'0'.repeat(21)}` },
  'artifact.list': {
    caseId: 'abc-123',
    stage: 'pulse',
    name: 'a.txt',
    isFull: true,
    cursor: 'x',
    limit: 1,
  },
  'agent.connect': { capabilities: ['ts'], sessionId, holding: [], repositories: ['/srv/x.git'] },
  'agent.heartbeat': { sessionId },
  'agent.drain': { sessionId },
  'agent.disconnect': { sessionId },
  'agent.trust': { agent: 'ada', trust: 1 },
  'agent.remove': { agent: 'ada', reason: 'x' },
  'share.set': { submitter: 'pat', weight: 2 },
  'share.list': { cursor: 'x', limit: 1 },
  'agent.list': { cursor: 'x', limit: 1 },
  'token.create': { agent: 'bob', role: 'agent', expiresInMs: 1_000 },
  'token.list': { cursor: 'x', limit: 1 },
  'token.rotate': { id: NOBODY.token, graceMs: 0 },
  'token.revoke': { id: NOBODY.token, reason: 'x' },
  'token.resign': { reason: 'x' },
  ...inviteInputs,
  'repository.add': { url: '/srv/x.git', baseBranch: 'main' },
  'repository.list': { cursor: 'x', limit: 1 },
  'event.list': { after: 0, limit: 1, filter: { types: ['task.done'], subject: 'x', mine: true } },
  ...budgetInputs,
  ...lockInputs,
  ...memoryInputs,
  ...messageInputs,
  ...scheduleInputs,
  ...webhookInputs,
  why: { id: NOBODY.task },
  'hub.status': {},
  'hub.whoami': {},
};

const nasty: unknown[] = [
  '\0',
  'a\0b',
  '\ud800',
  '',
  ' ',
  '%',
  '../..',
  "'; drop table tasks; --",
  '\u202e\u{10ffff}',
  'x'.repeat(300_000),
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  1e308,
  null,
  true,
  [],
  {},
  ['\0'],
  [null],
  Array.from({ length: 20_000 }, () => 'a'),
];

/** As the door of its kind does. */
function ask(hub: TestHub['hub'], asked: Call): Promise<unknown> {
  switch (Object.values(operations).find(({ name }) => name === asked.operation)?.kind) {
    case 'upload':
      return hub.upload({ ...asked, body: new Blob(['x']).stream() });
    case 'download':
      return hub.download(asked);
    default:
      return hub.invoke(asked);
  }
}

eachEngine((engine) => {
  test('no field of any operation takes what makes the hub fail', { timeout: 60_000 }, async () => {
    const { hub } = await openTestHub(engine);
    const credential = hub.credentialOf('root', 'admin');
    const worker = hub.credentialOf('ada', 'agent');
    const verifier = hub.credentialOf('vera', 'verifier');
    await ask(hub, { operation: 'case.put', input: { id: 'abc-123', state: {} }, credential });
    for (const { name, scope } of Object.values(operations)) {
      const who = { work: worker, verify: verifier }[String(scope)] ?? credential;
      for (const [field, value] of Object.entries(full[name]).flatMap(([key]) =>
        nasty.map((bad) => [key, bad] as const),
      )) {
        const input = { ...full[name], [field]: value };
        const code = await ask(hub, { operation: name, input, credential: who }).then(
          () => 'done',
          (error: unknown) => (error instanceof SignalboxError ? error.code : 'unknown'),
        );
        const told = `${name} ${field} ${JSON.stringify(value).slice(0, 40)}`;
        expect(`${told}: ${code}`).not.toMatch(/: (internal|unavailable|storage_full|unknown)$/);
      }
    }
  });
});
