import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { manualClock } from '../core/clock.ts';
import { createClient, type Client } from './client.ts';
import { httpTransport } from './http.ts';

interface Seen {
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: unknown;
}

type Script = (response: ServerResponse, count: number, seen: Seen) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close();
});

async function scriptedHub(script: Script): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { path: request.url, headers: request.headers, body: askedIn(request.url, body) };
      script(response, seen.push(one), one);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => (server.closeAllConnections(), server.close()));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { url: `http://127.0.0.1:${port}`, seen };
}

function clientOf(url: string, token: string | undefined = 'sbx_test'): Client {
  const client = createClient(httpTransport({ url, ...(token && { token }) }));
  closers.push(() => client.close());
  return client;
}

const submitted = { id: 'tsk_000000000000000000000', state: 'queued', fence: 0 };

test('a call is one POST with the token and, for a command, a key', async () => {
  const hub = await scriptedHub((response, count) => {
    if (count === 2) response.setHeader('x-signalbox-deduplicated', 'true');
    response.end(JSON.stringify(submitted));
  });
  const client = clientOf(`${hub.url}/`);
  expect(await client.task.submit({ title: 'One' })).toEqual(submitted);
  const again = await client.call('task.submit', { title: 'One' }, { key: 'mine' });
  expect(again).toEqual({ output: submitted, isDeduplicated: true });
  await client.hub.status();
  expect(hub.seen).toMatchObject([
    {
      path: '/v1/task.submit',
      headers: {
        authorization: 'Bearer sbx_test',
        'content-type': 'application/json',
        'idempotency-key': expect.any(String),
      },
      body: { title: 'One' },
    },
    { headers: { 'idempotency-key': 'mine' } },
    { path: '/v1/hub.status', body: {} },
  ]);
  expect(hub.seen[2]?.headers).not.toHaveProperty('idempotency-key');
});

test('without a token a name is claimed', async () => {
  const hub = await scriptedHub((response) => response.end('{}'));
  const client = createClient(httpTransport({ url: hub.url, agent: 'ada' }));
  await client.hub.whoami();
  expect(hub.seen[0]?.headers).toMatchObject({ 'x-signalbox-agent': 'ada' });
  expect(hub.seen[0]?.headers).not.toHaveProperty('authorization');
});

test('a refusal is thrown as the hub words it and is not sent again', async () => {
  const error = { code: 'conflict', message: 'It is done.', hint: 'Look.', details: { a: 1 } };
  const hub = await scriptedHub((response) => {
    response.writeHead(409).end(JSON.stringify({ error }));
  });
  const refusal = clientOf(hub.url).task.cancel({ id: submitted.id });
  await expect(refusal).rejects.toMatchObject(error);
  expect(hub.seen).toHaveLength(1);
});

test('an answer that was lost is asked for again under the same key', async () => {
  const hub = await scriptedHub((response, count) => {
    if (count === 1) response.destroy();
    else response.end(JSON.stringify(submitted));
  });
  expect(await clientOf(hub.url).task.submit({ title: 'One' })).toEqual(submitted);
  const keys = hub.seen.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
});

test('a hub that is not there is an error that says so', async () => {
  const hub = await scriptedHub(() => {});
  closers.pop()?.();
  await expect(clientOf(hub.url).hub.status()).rejects.toMatchObject({
    code: 'unavailable',
    message: `The hub at ${hub.url} cannot be reached (ECONNREFUSED).`,
    hint: expect.stringContaining('signalbox start'),
  });
});

test('something else than a hub is found out', async () => {
  const hub = await scriptedHub((response, count) => {
    if (count === 1) response.writeHead(502).end('<h1>Bad gateway</h1>');
    else response.end('<h1>Welcome</h1>');
  });
  const client = clientOf(hub.url);
  const refusal = { code: 'internal', message: 'The answer is not one of a Signalbox hub.' };
  await expect(client.hub.status()).rejects.toMatchObject(refusal);
  await expect(client.hub.status()).rejects.toMatchObject(refusal);
});

test('a token is never carried to where a redirect leads', async () => {
  const other = await scriptedHub((response) => response.end('{}'));
  const hub = await scriptedHub((response) => {
    response.writeHead(307, { location: `${other.url}/v1/hub.status` }).end();
  });
  await expect(clientOf(hub.url).hub.status()).rejects.toMatchObject({ code: 'unavailable' });
  expect(other.seen).toEqual([]);
});

test('a proxy that says that the hub is away is a hub that is away', async () => {
  const hub = await scriptedHub((response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'));
  const error: unknown = await clientOf(hub.url)
    .hub.status()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
  expect(String(error)).toContain('cannot be reached (status 502)');
});

test('what will be written down is held to the contract, and may say more than we know', async () => {
  const token = { id: `tok_${'0'.repeat(21)}`, agent: 'ada', role: 'agent', createdAtMs: 1 };
  const ends = { expiresAtMs: null, revokedAtMs: null, rotatedFrom: null };
  const answers = [
    { token: { ...token, ...ends, colour: 'red' }, secret: 'sbx_a' },
    { token: { ...token, ...ends, agent: '../../x' }, secret: 'sbx_a' },
    { token: { ...token, ...ends }, secret: 'sbx_a\nurl: http://elsewhere.example' },
  ];
  const hub = await scriptedHub((response, count) => {
    response.end(JSON.stringify(answers[count - 1]));
  });
  const client = clientOf(hub.url);
  const create = () => client.token.create({ agent: 'ada' });
  expect(await create()).toMatchObject({ secret: 'sbx_a' });
  await expect(create()).rejects.toThrow('not one of a Signalbox hub (token.agent)');
  await expect(create()).rejects.toThrow('not one of a Signalbox hub (secret)');
});

test('a file comes under a name that leads nowhere else', async () => {
  const artifact = {
    id: `art_${'0'.repeat(21)}`,
    caseId: 'case_1',
    stage: 'intake',
    version: 1,
    mediaType: 'text/plain',
    bytes: 1,
    sha256: 'a'.repeat(64),
    uploadedBy: 'ada',
    createdAtMs: 1,
  };
  const names = ['notes.md', '../.ssh/authorized_keys', '/etc/passwd', '..'];
  const hub = await scriptedHub((response, count) => {
    const name = names[count - 1] ?? '';
    const output = encodeURIComponent(JSON.stringify({ ...artifact, name }));
    response.setHeader('x-signalbox-output', output).end('x');
  });
  const client = clientOf(hub.url);
  const download = () => client.artifact.download({ id: artifact.id });
  expect((await download()).output.name).toBe('notes.md');
  for (const _ of names.slice(1)) await expect(download()).rejects.toThrow('(name)');
});

test('an answer without an end is left', async () => {
  const hub = await scriptedHub((response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 32)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  await expect(clientOf(hub.url).hub.status()).rejects.toMatchObject({ code: 'unavailable' });
}, 30_000);

test('a call that takes too long, or that its caller gives up, ends', async () => {
  const hub = await scriptedHub(() => {});
  const client = clientOf(hub.url);
  await expect(client.hub.status({}, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('did not answer in time'),
  });
  const abort = new AbortController();
  const call = client.hub.status({}, { signal: abort.signal });
  await vi.waitUntil(() => hub.seen.length === 2);
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
});

/** What is asked without a body stands in the query. */
function askedIn(url = '', body = ''): unknown {
  if (body !== '') return JSON.parse(body);
  return Object.fromEntries(new URL(url, 'http://hub').searchParams);
}

const Asked = z.object({ after: z.coerce.number() });

function event(seq: number): object {
  const at = { atMs: 1, subject: 'tsk_1', actor: 'ada', audience: null, data: {} };
  return { seq, type: 'task.queued', ...at };
}

test('a feed asks page by page and lives through a hub that is away', async () => {
  const clock = manualClock();
  const hub = await scriptedHub((response, count, { body }) => {
    const { after } = Asked.parse(body);
    if (count >= 2 && count <= 4) {
      const error = { code: 'unavailable', message: 'Busy.', hint: 'Wait.' };
      return response.writeHead(503).end(JSON.stringify({ error }));
    }
    const items = after < 7 ? [event(after + 2)] : [];
    response.end(JSON.stringify({ items, nextCursor: after + 3, headCursor: 99 }));
  });
  const client = createClient(httpTransport({ url: hub.url, clock }));
  const seqs: number[] = [];
  const ends: unknown[] = [];
  const feed = client.subscribe({
    after: 1,
    onEvent: ({ seq }) => seqs.push(seq),
    onEnd: (error) => ends.push(error),
  });
  await vi.waitUntil(() => (clock.advance(1_000), seqs.length === 2));
  expect(seqs).toEqual([3, 6]);
  feed.close();
  await vi.waitUntil(() => ends.length === 1);
  expect(ends).toEqual([undefined]);
});

test('a feed goes on where a newer hub tells more than this client knows', async () => {
  const hub = await scriptedHub((response, count) => {
    if (count > 1) return;
    const items = [{ ...event(2), type: 'task.dreamt', colour: 'red' }, 'no event', event(3)];
    response.end(JSON.stringify({ items, nextCursor: 3, headCursor: 3, more: true }));
  });
  const seqs: number[] = [];
  clientOf(hub.url).subscribe({ after: 1, onEvent: ({ seq }) => seqs.push(seq) });
  await vi.waitUntil(() => seqs.length === 2);
  expect(seqs).toEqual([2, 3]);
});

test('a feed whose cursor is gone ends with that error', async () => {
  const error = { code: 'cursor_expired', message: 'Gone.', hint: 'Start later.' };
  const hub = await scriptedHub((response) => {
    response.writeHead(410).end(JSON.stringify({ error }));
  });
  const ended = new Promise((resolve) => {
    clientOf(hub.url).subscribe({ after: 1, onEvent: () => {}, onEnd: resolve });
  });
  expect(await ended).toMatchObject(error);
});
