/** The sender against receivers that do what receivers do. Time is moved by hand. */
import { createServer as createTlsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { manualClock } from '../core/clock.ts';
import { selfSigned } from './certificate.fixture.ts';
import { listening, openReceiver, status } from './fixture.ts';
import { createGuard, type GuardOptions } from './guard.ts';
import { retryAfterMs } from './retry-after.ts';
import { type Answer, createSender } from './sender.ts';

const clock = manualClock();
const local = { allowed: ['127.0.0.1'] };

function post(url: string, options: GuardOptions = local, signal?: AbortSignal): Promise<Answer> {
  const send = createSender({ guard: createGuard(options), clock });
  const body = '{"größe":1}';
  const headers = { 'content-type': 'application/json', 'webhook-id': 'whd_1' };
  return send({ url, headers, body }, signal ?? new AbortController().signal);
}

/** A server that is spoken to in bytes. */
async function raw(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => speak(socket));
  });
  const port = await listening(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${port}/`;
}

test('what is answered with 2xx has arrived, as it was written', async () => {
  const { url, received } = await openReceiver();
  expect(await post(url)).toMatchObject({ status: 200, reason: null, text: 'thank you' });
  expect(received).toMatchObject([
    { method: 'POST', path: '/hook', body: '{"größe":1}', headers: { 'webhook-id': 'whd_1' } },
  ]);
});

test.each([400, 404, 410, 500, 503])('an answer of %i is a failure', async (code) => {
  const { url } = await openReceiver(status(code));
  expect(await post(url)).toMatchObject({
    status: code,
    reason: `it answered ${code}`,
    text: `this is ${code}`,
  });
});

test('a redirect is not followed, wherever it leads', async () => {
  const elsewhere = await openReceiver();
  const { url } = await openReceiver(status(307, { location: elsewhere.url }));
  const answer = await post(url);
  expect(answer.reason).toBe('it answered 307; redirects are not followed');
  expect(elsewhere.received).toEqual([]);
});

test('what the receiver asks to wait is read in seconds and as a date', async () => {
  const { url } = await openReceiver(status(429, { 'retry-after': '120' }));
  expect((await post(url)).retryAfterMs).toBe(120_000);
  const nowMs = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  expect(retryAfterMs('Wed, 21 Oct 2026 07:30:00 GMT', nowMs)).toBe(120_000);
  expect(retryAfterMs('Wed, 21 Oct 2020 07:30:00 GMT', nowMs)).toBe(0);
  for (const nothing of [undefined, 'soon', '', '-1'])
    expect(retryAfterMs(nothing, nowMs) ?? 0).toBeLessThanOrEqual(0);
});

test('a receiver that hangs is given up after ten seconds', async () => {
  let isAsked = false;
  const answer = post(await raw(() => (isAsked = true)));
  await expect.poll(() => isAsked).toBe(true);
  clock.advance(limits.webhookTimeoutMs - 1);
  clock.advance(1);
  expect(await answer).toMatchObject({ status: null, reason: 'no answer within 10 s' });
});

test('headers that drip are given up after ten seconds', async () => {
  let drops = 0;
  const url = await raw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const drip = (): void => {
      drops++;
      if (!socket.destroyed) socket.write('x-a: b\r\n', () => setImmediate(drip));
    };
    drip();
  });
  const answer = post(url);
  await expect.poll(() => drops).toBeGreaterThan(5);
  clock.advance(limits.webhookTimeoutMs);
  expect((await answer).status).toBeNull();
});

test('a body that drips holds up no longer than that, and what was answered counts', async () => {
  let drops = 0;
  const { url } = await openReceiver((_received, response) => {
    const drip = (): void => {
      drops++;
      if (!response.destroyed && drops < 100) response.write('.', drip);
    };
    drip();
  });
  const answer = post(url);
  await expect.poll(() => drops).toBe(100);
  clock.advance(limits.webhookTimeoutMs);
  expect(await answer).toMatchObject({ status: 200, reason: null });
});

test('of an answer without end the beginning is read and no more', async () => {
  let written = 0;
  let isCut = false;
  const { url } = await openReceiver((_received, response) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    response.on('close', () => (isCut = true));
    const more = (): void => {
      while (!response.destroyed && written < 2 ** 31) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
    };
    more();
  });
  const answer = await post(url);
  expect([answer.status, answer.text.length]).toEqual([200, limits.webhookAnswerBytesMax]);
  await expect.poll(() => isCut).toBe(true);
  expect(written).toBeLessThan(64 * 1024 * 1024);
});

test.each([
  ['nothing listens there', 'ECONNREFUSED', 'http://127.0.0.1:1/'],
  ['the name of the host cannot be resolved', 'ENOTFOUND', 'http://nowhere.invalid/'],
])('%s: that is said in words', async (words, _code, url) => {
  const resolve = async (): Promise<never> => {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  };
  expect((await post(url, { ...local, resolve })).reason).toContain(words);
});

test.each([
  ['is no HTTP', 'SSH-2.0-OpenSSH\r\n', 'not HTTP'],
  ['has headers without end', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, 'not HTTP'],
  ['is cut off', 'HTTP/1.1 200', 'cut'],
  [
    'switches to another protocol',
    'HTTP/1.1 101 x\r\nupgrade: h\r\nconnection: upgrade\r\n\r\n',
    '',
  ],
])('an answer that %s is a failure', async (_what, bytes, words) => {
  const url = await raw((socket) => socket.end(bytes));
  const answer = await post(url);
  expect(answer.status).toBeNull();
  expect(answer.reason).toContain(words);
});

test('a certificate that signs itself is refused', async () => {
  const server = createTlsServer(selfSigned(), (_request, response) => {
    response.end('ok');
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = await post(`https://127.0.0.1:${port}/`);
  expect(answer).toMatchObject({ status: null });
  expect(answer.reason).toContain('its certificate is not trusted');
});

test('an address that is not public is not connected to, whatever its name says', async () => {
  const { port, received } = await openReceiver();
  const answers = await Promise.all([
    post(`http://127.0.0.1:${port}/`, {}),
    post(`http://localhost:${port}/`, {}),
    post(`http://example.org:${port}/`, {
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    }),
  ]);
  for (const { reason } of answers) expect(reason).toContain('--webhook-allow');
  expect(received).toEqual([]);
});

test('a name that points elsewhere when it is asked again leads nowhere else', async () => {
  const { port, received } = await openReceiver();
  let asked = 0;
  const resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
  const options = { allowed: ['127.0.0.1'], resolve };
  const url = `http://example.org:${port}/`;
  expect((await post(url, options)).status).toBe(200);
  expect((await post(url, options)).reason).toContain('127.0.0.2');
  expect(asked).toBe(2);
  expect(received).toHaveLength(1);
});

test('an exchange is given up when the caller says so', async () => {
  const caller = new AbortController();
  let isAsked = false;
  const answer = post(await raw(() => (isAsked = true)), local, caller.signal);
  await expect.poll(() => isAsked).toBe(true);
  caller.abort(new Error('the hub is closing'));
  expect((await answer).reason).toBe('the hub is closing');
  expect((await post('http://127.0.0.1:1/', local, caller.signal)).status).toBeNull();
});
