/** One scenario through every wire: the same replies, the same refusals, the same events. */
import { expect, onTestFinished, test } from 'vitest';
import {
  type Client,
  createClient,
  httpTransport,
  localTransport,
  socketTransport,
} from '../client/index.ts';
import {
  errorTable,
  type Event,
  operations,
  type Reply,
  SignalboxError,
} from '../contract/index.ts';
import { openTestHub, type TestHub } from '../../test/support/hub.ts';
import { methods, openApi } from './openapi.ts';
import { serve } from './serve.ts';

const WIRES = ['local', 'http', 'socket'] as const;
type Wire = (typeof WIRES)[number];

interface Opened {
  hub: TestHub;
  url: string;
  as: (wire: Wire, name: string, role?: 'admin' | 'agent' | 'operator') => Promise<Client>;
}

async function open(options: Parameters<typeof openTestHub>[1] = {}): Promise<Opened> {
  const hub = await openTestHub('sqlite memory', options);
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve(hub.hub, address);
  onTestFinished(() => server.close());
  const { url } = server;
  const root = createClient(localTransport(hub.hub.connect(), hub.hub.credentialOf('r', 'admin')));
  return {
    hub,
    url,
    async as(wire, name, role = 'agent') {
      const { secret: token } = await root.token.create({ agent: name, role });
      const client = createClient(
        {
          local: () => localTransport(hub.hub.connect(), { token }),
          http: () => httpTransport({ url, token }),
          socket: () => socketTransport({ url, token }),
        }[wire](),
      );
      onTestFinished(() => client.close());
      return client;
    },
  };
}

const NOBODY = `tsk_${'0'.repeat(21)}`;

type Line = [operation: string, input: unknown, key?: string];

/** What one agent asks, in this order; `$task` is the task that it submitted. */
const scenario: Line[] = [
  ['hub.whoami', {}],
  ['agent.connect', { capabilities: ['ts'] }],
  ['task.submit', { title: 'x', needs: ['ts'] }, 'k1'],
  ['task.submit', { title: 'x', needs: ['ts'] }, 'k1'],
  ['task.submit', { title: 'y' }, 'k1'],
  ['task.submit', { title: 7 }],
  ['task.submit', { title: 'x', more: 1 }],
  ['task.submit', { title: 'x', after: [NOBODY] }],
  ['task.accept', { taskId: NOBODY, fence: 1 }],
  ['task.accept', { taskId: '$task', fence: 99 }],
  ['task.complete', { taskId: '$task', fence: 1, report: 'too early' }],
  ['task.accept', { taskId: '$task', fence: 1 }],
  ['task.start', { taskId: '$task', fence: 1 }],
  ['task.complete', { taskId: '$task', fence: 1, report: 'r\u00e9\u{1f600}' }, 'k2'],
  ['task.complete', { taskId: '$task', fence: 1, report: 'r\u00e9\u{1f600}' }, 'k2'],
  ['task.retry', { id: '$task' }],
  ['task.show', { id: '$task' }],
  ['why', { id: '$task' }],
  ['why', { id: 'nobody' }],
  ['token.list', {}],
  ['no.such', {}],
  ['event.list', { after: 1_000_000 }],
  ['agent.connect', { sessionId: `ses_${'1'.repeat(21)}` }],
  ['task.list', { limit: 0 }],
];

async function play(wire: Wire): Promise<{ answers: unknown[]; events: string[] }> {
  const opened = await open();
  const client = await opened.as(wire, 'ada');
  const events: string[] = [];
  const answers: unknown[] = [];
  let task = '';
  for (const [operation, input, key] of scenario) {
    const filled: unknown = JSON.parse(JSON.stringify(input).replace('$task', task));
    answers.push(await answer(client.call(operation, filled, { key })));
    if (task === '') task = (await client.task.list()).items[0]?.id ?? '';
  }
  const seen: Event[] = [];
  client.subscribe({ after: 0, filter: { subject: task }, onEvent: (event) => seen.push(event) });
  await expect.poll(() => seen.at(-1)?.type).toBe('task.done');
  events.push(...seen.map(({ seq, type, actor, data }) => `${seq} ${type} ${actor} ${data.fence}`));
  return { answers, events };
}

async function answer(call: Promise<Reply>): Promise<unknown> {
  try {
    const { output, isDeduplicated } = await call;
    return JSON.parse(JSON.stringify({ output, isDeduplicated }));
  } catch (error) {
    if (!(error instanceof SignalboxError)) throw error;
    return { refused: error.toBody() };
  }
}

test('every wire gives the same replies, refusals and events', { timeout: 30_000 }, async () => {
  const local = await play('local');
  const codes = local.answers.map(
    (one) => JSON.stringify(one).match(/"code":"(\w+)"/)?.[1] ?? 'ok',
  );
  expect(codes.join(' ')).toBe(
    'ok ok ok ok key_reused invalid_input invalid_input not_found not_found stale_fence conflict ' +
      'ok ok ok ok conflict ok ok not_found forbidden unknown_operation invalid_input conflict ' +
      'invalid_input',
  );
  expect(local.answers[3]).toMatchObject({ isDeduplicated: true });
  for (const wire of ['http', 'socket'] as const) {
    const { answers, events } = await play(wire);
    for (const [index, one] of answers.entries()) {
      expect(one, `${wire}: ${scenario[index]?.[0]}`).toEqual(local.answers[index]);
    }
    expect(events, wire).toEqual(local.events);
  }
});

test('a refusal has the status of its code, and the time to wait where there is one', async () => {
  const { url, hub } = await open({ rate: { perSecond: 1, burst: 2 } });
  const root = createClient(localTransport(hub.hub.connect(), hub.hub.credentialOf('r', 'admin')));
  const { secret } = await root.token.create({ agent: 'ada' });
  const ask = () =>
    fetch(`${url}/v1/hub.whoami`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
    });
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
  const flooded = await ask();
  expect(flooded.status).toBe(errorTable.rate_limited.http);
  expect(flooded.headers.get('retry-after')).toBe('1');
  hub.clock.advance(1_000);
  expect((await ask()).status).toBe(200);
  const stranger = await fetch(`${url}/v1/hub.whoami`, { method: 'POST' });
  expect(stranger.status).toBe(401);
  expect(stranger.headers.get('www-authenticate')).toBe('Bearer');
});

test('the hub says that it lives, is ready and is healthy, without a token', async () => {
  const { url } = await open();
  const answers = await Promise.all(
    ['live', 'ready', 'health'].map(async (path) => {
      const response = await fetch(`${url}/${path}`);
      const body: unknown = await response.json();
      return [response.status, body];
    }),
  );
  expect(answers).toEqual([
    [200, { status: 'live' }],
    [200, { status: 'ready' }],
    [200, { status: 'ok', version: '0.0.0', database: 'ok' }],
  ]);
});

test('a hub whose database does not answer lives, but is neither ready nor healthy', async () => {
  const hub = await openTestHub('sqlite memory');
  const check = () => Promise.reject(new Error('no answer from the disk at /private'));
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve({ ...hub.hub, check }, address);
  onTestFinished(() => server.close());
  const ask = async (path: string) => {
    const response = await fetch(`${server.url}/${path}`);
    return { status: response.status, text: await response.text() };
  };
  expect((await ask('live')).status).toBe(200);
  const [ready, health] = [await ask('ready'), await ask('health')];
  expect([ready.status, health.status]).toEqual([503, 503]);
  expect(ready.text + health.text).not.toContain('private');
});

test('without tokens only callers on loopback are heard, and the hub opens nowhere else', async () => {
  const { url, hub } = await open({ auth: 'none' });
  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/v1/hub.whoami`, { method: 'POST', headers });
  expect((await ask({ 'x-signalbox-agent': 'ada' })).status).toBe(200);
  expect((await ask({ origin: 'http://localhost:3000' })).status).toBe(200);
  expect((await ask({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask({ origin: 'null' })).status).toBe(403);
  const address = { host: '0.0.0.0', port: 0, version: '0.0.0', clock: hub.clock };
  await expect(serve(hub.hub, address)).rejects.toThrow('loopback only');
});

test('the OpenAPI document is 3.1 and has every operation with its refusals', async () => {
  const { url } = await open();
  const document = openApi('0.0.0');
  expect(await (await fetch(`${url}/openapi.json`)).json()).toEqual(
    JSON.parse(JSON.stringify(document)),
  );
  expect(document['openapi']).toMatch(/^3\.1\.\d+$/);
  expect(document['info']).toMatchObject({ title: 'Signalbox', version: '0.0.0' });
  const paths = new Map(Object.entries(Object(document['paths'])));
  expect([...paths.keys()].toSorted()).toEqual(
    Object.keys(operations)
      .map((name) => `/v1/${name}`)
      .toSorted(),
  );
  for (const { name, errors, summary, kind, isJournaled } of Object.values(operations)) {
    const asked = Object(paths.get(`/v1/${name}`))[methods[kind]];
    expect(asked).toMatchObject({ operationId: name, summary });
    for (const code of errors) {
      expect(asked.responses[errorTable[code].http].description, name).toContain(code);
    }
    const parameters: string[] = asked.parameters.map((one: { name: string }) => one.name);
    expect(parameters.includes('Idempotency-Key'), name).toBe(isJournaled);
    if (kind === 'upload' || kind === 'download') {
      expect(parameters.length, name).toBeGreaterThan(0);
      continue;
    }
    const { properties, type } = asked.requestBody.content['application/json'].schema;
    expect(type, name).toBe('object');
    expect(properties, name).toBeDefined();
    expect(asked.requestBody.required, name).toBe(true);
    expect(asked.responses[200].content['application/json'].schema, name).toBeDefined();
  }
  const text = JSON.stringify(document);
  for (const [, ref] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = ref?.split('/').reduce<unknown>((at, part) => Object(at)[part], document);
    expect(found, ref).toBeDefined();
  }
});
