/** Uploads and downloads over HTTP, as any client sends and asks, and as none should. */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { testFolder } from '../../test/support/engines.ts';
import { hubOn, refusal, type TestHub } from '../../test/support/hub.ts';
import { type Client, createClient, httpTransport, localTransport } from '../client/index.ts';
import { Artifact, limits } from '../contract/index.ts';
import { manualClock } from '../core/clock.ts';
import { seededRandom } from '../core/random.ts';
import { openFolderBlobs } from '../store/blob-folder.ts';
import { openStore } from '../store/open.ts';
import { byteRange } from './byte-range.ts';
import { httpDoor } from './http.ts';
import { serve } from './serve.ts';

interface Door {
  hub: TestHub;
  url: string;
  token: string;
  ada: Client;
  /** What lies in the folder of blobs, finished or not. */
  files: () => string[];
  /** How much has come of each that is not finished. */
  sizes: () => number[];
}

async function open(): Promise<Door> {
  const folder = testFolder();
  const clock = manualClock();
  const random = seededRandom(1);
  const store = await openStore({ file: join(folder, 'hub.db'), clock, random });
  const blobs = await openFolderBlobs({ store, folder: join(folder, 'artifacts'), random });
  const hub = await hubOn(store, { clock, blobs });
  const server = await serve(hub.hub, { host: '127.0.0.1', port: 0, version: '0.0.0', clock });
  onTestFinished(() => server.close());
  const { url } = server;
  const root = createClient(localTransport(hub.hub.connect(), hub.hub.credentialOf('r', 'admin')));
  const { secret: token } = await root.token.create({ agent: 'ada' });
  const ada = createClient(httpTransport({ url, token }));
  onTestFinished(() => ada.close());
  await ada.case.put({ id: 'abc-123', state: {}, stage: 'pulse' });
  const files = () => {
    const entries = readdirSync(join(folder, 'artifacts'), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const incoming = join(folder, 'artifacts', 'incoming');
  const sizes = () => readdirSync(incoming).map((name) => statSync(join(incoming, name)).size);
  return { hub, url, token, ada, files, sizes };
}

const PLACE = 'caseId=abc-123&name=notes.txt';

function put(
  { url, token }: Door,
  query: string,
  init: { body?: string | ReadableStream; headers?: Record<string, string> } = {},
): Promise<Response> {
  const sent: RequestInit & { duplex: 'half' } = {
    method: 'PUT',
    duplex: 'half',
    body: init.body ?? null,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  };
  return fetch(`${url}/v1/artifact.upload?${query}`, sent);
}

function get(
  { url, token }: Door,
  id: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${url}/v1/artifact.download?id=${id}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
}

async function codeOf(response: Response): Promise<[number, unknown]> {
  const { error } = Object(await response.json());
  return [response.status, error.code];
}

async function uploaded(door: Door, body: string, query = PLACE): Promise<Artifact> {
  return Artifact.parse(await (await put(door, query, { body })).json());
}

test('a file goes up as it is, whatever its type, and comes down as a file', async () => {
  const door = await open();
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k1' };
  const body = '{"not": "parsed"';
  const answer = await put(door, PLACE, { body, headers });
  const artifact = Artifact.parse(await answer.json());
  expect(artifact).toMatchObject({
    stage: 'pulse',
    mediaType: 'application/json',
    bytes: body.length,
  });
  expect(artifact.sha256).toBe(createHash('sha256').update(body).digest('hex'));
  const again = await put(door, PLACE, { body, headers });
  expect(again.headers.get('x-signalbox-deduplicated')).toBe('true');
  const down = await get(door, artifact.id);
  expect(await down.text()).toBe(body);
  expect(Object.fromEntries(down.headers)).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(body.length),
    'content-disposition': `attachment; filename="notes.txt"; filename*=UTF-8''notes.txt`,
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    etag: `"${artifact.sha256}"`,
  });
  expect(door.files()).toHaveLength(1);
});

test('a name in any language is given to the browser, and nothing that ends its header', async () => {
  const door = await open();
  const name = "Müller's (final) 100%.txt";
  const { id } = await uploaded(door, 'x', `caseId=abc-123&name=${encodeURIComponent(name)}`);
  const found = (await get(door, id)).headers.get('content-disposition') ?? '';
  expect(found).toBe(
    `attachment; filename="M_ller's (final) 100_.txt"; filename*=UTF-8''M%C3%BCller%27s%20%28final%29%20100%25.txt`,
  );
  const bad = ['../x', 'a/b', 'a%00b', 'x'.repeat(300), 'CON', '.env', 'a%0d%0ab', ''];
  for (const one of bad) {
    const answer = await put(door, `caseId=abc-123&name=${one}`, { body: 'x' });
    expect(await codeOf(answer), one).toEqual([400, 'invalid_input']);
  }
});

test('ranges are read as RFC 9110 has them', async () => {
  const door = await open();
  const { id, sha256 } = await uploaded(door, '0123456789');
  const table: [range: string, status: number, body: string, of: string | null][] = [
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['bytes=4-2', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=-', 200, '0123456789', null],
  ];
  for (const [range, status, body, of] of table) {
    const answer = await get(door, id, { range });
    const found = [answer.status, await answer.text(), answer.headers.get('content-range')];
    expect(found, range).toEqual([status, body, of]);
  }
  for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
    const answer = await get(door, id, { range });
    expect(answer.headers.get('content-range'), range).toBe('bytes */10');
    expect(await codeOf(answer), range).toEqual([416, 'out_of_range']);
  }
  const etag = `"${sha256}"`;
  const part = await get(door, id, { range: 'bytes=0-1', 'if-range': etag });
  const whole = await get(door, id, { range: 'bytes=0-1', 'if-range': '"other"' });
  expect([part.status, whole.status, await whole.text()]).toEqual([206, 200, '0123456789']);
  const known = await get(door, id, { 'if-none-match': `"x", W/${etag}` });
  expect([known.status, await known.text()]).toEqual([304, '']);
  const head = await fetch(`${door.url}/v1/artifact.download?id=${id}`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${door.token}` },
  });
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
    200,
    '10',
    '',
  ]);
});

test('an empty file has no range and is no error', async () => {
  const door = await open();
  const { id, bytes } = await uploaded(door, '');
  const answer = await get(door, id);
  expect([bytes, answer.status, await answer.text()]).toEqual([0, 200, '']);
  expect(() => byteRange('bytes=0-', 0)).toThrow(expect.objectContaining({ code: 'out_of_range' }));
});

test('a stream is asked for by its own verb, and only by those who may', async () => {
  const door = await open();
  const { id } = await uploaded(door, 'x');
  const ask = (method: string, path: string, authorization = `Bearer ${door.token}`) =>
    fetch(`${door.url}/v1/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: '{}' }),
    });
  const table: [Response, number, string][] = [
    [await ask('POST', 'artifact.download'), 400, 'invalid_input'],
    [await ask('PUT', `artifact.download?id=${id}`), 404, 'unknown_operation'],
    [await ask('GET', `artifact.upload?${PLACE}`), 404, 'unknown_operation'],
    [await ask('PUT', 'task.submit'), 404, 'unknown_operation'],
    [await ask('GET', 'no.such'), 404, 'unknown_operation'],
    [await ask('GET', `artifact.download?id=${id}`, ''), 401, 'unauthenticated'],
    [await ask('PUT', `artifact.upload?${PLACE}`, 'Bearer sbx_no'), 401, 'unauthenticated'],
    [await ask('GET', 'artifact.download?id=../../etc/passwd'), 400, 'invalid_input'],
    [await ask('GET', `artifact.download?id=${id}&id=${id}`), 400, 'invalid_input'],
    [await ask('PUT', `artifact.upload?${PLACE}&more=1`), 400, 'invalid_input'],
    [await ask('PUT', `artifact.upload?${PLACE}&bytes=-1`), 400, 'invalid_input'],
    [await ask('PUT', 'artifact.upload?caseId=nobody&stage=a&name=a'), 404, 'not_found'],
  ];
  for (const [response, status, code] of table) {
    expect(await codeOf(response), response.url).toEqual([status, code]);
  }
});

test('an upload that says what is not true leaves nothing behind', async () => {
  const door = await open();
  const stream = () => new Blob(['hello']).stream();
  const untrue = [
    put(door, `${PLACE}&bytes=6`, { body: stream() }),
    put(door, `${PLACE}&bytes=4`, { body: stream() }),
    put(door, `${PLACE}&bytes=4`, { body: 'hello' }),
    put(door, `${PLACE}&sha256=${'0'.repeat(64)}`, { body: 'hello' }),
  ];
  for (const answer of await Promise.all(untrue)) {
    expect(await codeOf(answer)).toEqual([400, 'invalid_input']);
  }
  expect(door.files()).toEqual([]);
  expect((await door.ada.artifact.list({ caseId: 'abc-123' })).items).toEqual([]);
});

test('who is refused in the middle of a long upload hears why', async () => {
  const door = await open();
  const answer = await put(door, `${PLACE}&bytes=1`, { body: zeros(30 * 1024 * 1024) });
  // All of it was read, so the sender could send all of it and can ask again at once.
  expect(answer.headers.get('connection')).toBe('keep-alive');
  expect(await codeOf(answer)).toEqual([400, 'invalid_input']);
  const stranger = await put(door, PLACE, {
    body: zeros(30 * 1024 * 1024),
    headers: { authorization: 'Bearer sbx_no' },
  });
  expect(await codeOf(stranger)).toEqual([401, 'unauthenticated']);
  expect(door.files()).toEqual([]);
});

test('a sender that hangs up in the middle leaves nothing behind', async () => {
  const door = await open();
  const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `PUT /v1/artifact.upload?${PLACE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${door.token}\r\n` +
      `content-length: 1000000\r\n\r\n${'x'.repeat(200_000)}`,
  );
  await expect.poll(door.files).toHaveLength(1);
  socket.resetAndDestroy();
  await expect.poll(door.files).toEqual([]);
  expect((await fetch(`${door.url}/live`)).status).toBe(200);
});

test('a sender that goes silent is let go of, and one that is slow is not', async () => {
  const door = await open();
  const socket = connect(Number(new URL(door.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const closed = new Promise((done) => socket.once('close', done));
  socket.on('error', () => {}).resume();
  socket.write(
    `PUT /v1/artifact.upload?${PLACE} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${door.token}\r\n` +
      'content-length: 1000\r\n\r\nx',
  );
  for (let bytes = 1; bytes < 4; bytes++) {
    await expect.poll(door.sizes).toEqual([bytes]);
    door.hub.clock.advance(limits.uploadIdleMs - 1);
    expect(socket.destroyed).toBe(false);
    socket.write('x');
  }
  await expect.poll(door.sizes).toEqual([4]);
  door.hub.clock.advance(limits.uploadIdleMs);
  await closed;
  await expect.poll(door.files).toEqual([]);
});

test('the bound on how long a request may take does not end an upload', async () => {
  const door = await open();
  const app = httpDoor({ ...door.hub.hub, version: '0.0.0', clock: door.hub.clock });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  const connected = new Promise((done) => app.server.once('connection', done));
  const sent = request(`${url}/v1/artifact.upload?${PLACE}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${door.token}` },
  });
  const answer = new Promise<IncomingMessage>((done, fail) => {
    sent.on('response', done).on('error', fail);
  });
  sent.write('hello');
  await expect.poll(door.sizes).toEqual([5]);
  const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  app.server.emit('clientError', late, await connected);
  sent.end(' world');
  expect(Artifact.parse(await json(await answer)).bytes).toBe(11);
});

/** 101 MB of zeros, never all of them in memory here. */
function zeros(bytes: number): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(chunk.subarray(0, Math.min(left, chunk.length)));
      left -= chunk.length;
      if (left <= 0) controller.close();
    },
  });
}

test(
  'what is over the bound is refused, whether it says so or not',
  { timeout: 120_000 },
  async () => {
    const door = await open();
    const over = limits.artifactBytesMax + 1024 * 1024;
    expect(await codeOf(await put(door, `${PLACE}&bytes=${over}`, { body: 'x' }))).toEqual([
      413,
      'too_large',
    ]);
    expect(await codeOf(await put(door, PLACE, { body: zeros(over) }))).toEqual([413, 'too_large']);
    expect(door.files()).toEqual([]);
    const fine = await put(door, PLACE, { body: zeros(limits.artifactBytesMax) });
    const { id, bytes } = Artifact.parse(await fine.json());
    expect(bytes).toBe(limits.artifactBytesMax);
    const back = await get(door, id, { range: `bytes=${bytes - 5}-` });
    expect(Buffer.from(await back.arrayBuffer()).equals(Buffer.alloc(5))).toBe(true);
  },
);

test('a reader that leaves in the middle leaves no file open', async () => {
  const door = await open();
  const { id } = await uploaded(door, 'x'.repeat(5_000_000));
  const leave = new AbortController();
  const { body } = await door.ada.artifact.download({ id }, { signal: leave.signal });
  for await (const chunk of body) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  const whole = await door.ada.artifact.download({ id });
  expect((await text(whole.body)).length).toBe(5_000_000);
});

test('bytes that are gone from the disk are a refusal, and no half of a file', async () => {
  const folder = testFolder();
  const clock = manualClock();
  const random = seededRandom(1);
  const store = await openStore({ file: ':memory:', clock, random });
  const blobs = await openFolderBlobs({ store, folder, random });
  const defects: unknown[] = [];
  const hub = await hubOn(store, {
    clock,
    blobs,
    onDefect: (_where, error) => defects.push(error),
  });
  const server = await serve(hub.hub, { host: '127.0.0.1', port: 0, version: '0.0.0', clock });
  onTestFinished(() => server.close());
  const { secret: token } = await (await hub.as('root', 'admin')).token.create({ agent: 'ada' });
  const ada = createClient(httpTransport({ url: server.url, token }));
  await ada.case.put({ id: 'abc-123', state: {}, stage: 'pulse' });
  const { id } = await ada.artifact.upload({ caseId: 'abc-123', name: 'a' }, new Blob(['hello']));
  for (const name of readdirSync(folder))
    if (name.length === 2) rmSync(join(folder, name), { recursive: true });
  const read = async () => text((await ada.artifact.download({ id })).body);
  expect((await refusal(read())).code).toMatch(/internal|unavailable/);
  expect(defects).toHaveLength(1);
});
