/** MCP over HTTP as raw frames, in both revisions. What the tools do is tried in test/doors. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { limits } from '../contract/index.ts';
import { openDoors, type Door } from './fixture.ts';

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const HANDSHAKE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
};

const Frame = z.object({
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});

interface Got extends z.infer<typeof Frame> {
  status: number;
  headers: Headers;
}

interface Sent {
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

async function post({ url }: Door, { headers = {}, body }: Sent): Promise<Got> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const json = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? '{}');
  return { status: response.status, headers: response.headers, ...Frame.parse(JSON.parse(json)) };
}

interface Asked {
  params?: object;
  headers?: Record<string, string>;
}

function older(door: Door, method: string, { params = {}, headers }: Asked = {}): Promise<Got> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return post(door, { headers: { 'mcp-protocol-version': '2025-11-25', ...headers }, body });
}

function newer(door: Door, method: string, { params = {} }: Asked = {}): Promise<Got> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, _meta: ENVELOPE },
  });
  const own = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
  return post(door, { headers: own, body });
}

const Listed = z.object({ tools: z.array(z.object({ name: z.string() })) });
const Called = z.object({
  isError: z.boolean().optional(),
  content: z.array(z.object({ text: z.string() })),
});

async function lock(door: Door, name: string, session: Record<string, string>): Promise<boolean> {
  const params = { name: 'acquire_lock', arguments: { names: [name] } };
  const { result } = await older(door, 'tools/call', { params, headers: session });
  return Called.parse(result).isError !== true;
}

async function open(door: Door): Promise<Record<string, string>> {
  const { headers } = await older(door, 'initialize', { params: HANDSHAKE });
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '' };
}

test('both revisions are served side by side', async () => {
  const door = await openDoors();
  const hello = await older(door, 'initialize', { params: HANDSHAKE });
  expect(hello.result).toMatchObject({ protocolVersion: '2025-11-25' });
  const found = await newer(door, 'server/discover');
  expect(found.result).toMatchObject({ supportedVersions: ['2026-07-28'] });
  for (const ask of [older, newer]) {
    expect(Listed.parse((await ask(door, 'tools/list')).result).tools.length).toBe(12);
  }
});

test('each conversation holds its own locks, and its end gives them back', async () => {
  const door = await openDoors();
  const [one, other] = [await open(door), await open(door)];
  expect(one).not.toEqual(other);
  expect(await lock(door, 'db:schema', one)).toBe(true);
  expect(await lock(door, 'db:schema', one)).toBe(true);
  expect(await lock(door, 'db:schema', other)).toBe(false);
  expect(await lock(door, 'db:schema', { 'x-session-id': 'third' })).toBe(false);
  const ended = await fetch(`${door.url}/mcp`, { method: 'DELETE', headers: one });
  expect(ended.status).toBe(204);
  expect(await lock(door, 'db:schema', other)).toBe(true);
});

test('a lock lives for half an hour after the last call', async () => {
  const door = await openDoors();
  const [one, other] = [await open(door), await open(door)];
  expect(await lock(door, 'db:schema', one)).toBe(true);
  await door.hub.pass(limits.pullLeaseMs - 1_000);
  const { result } = await older(door, 'tools/call', {
    params: { name: 'list_agents' },
    headers: one,
  });
  expect(Called.parse(result).isError).toBeUndefined();
  await door.hub.pass(limits.pullLeaseMs - 1_000);
  expect(await lock(door, 'db:schema', other)).toBe(false);
  await door.hub.pass(2_000);
  expect(await lock(door, 'db:schema', other)).toBe(true);
});

test('a token is asked for before anything is said', async () => {
  const door = await openDoors('token');
  const refused = await older(door, 'initialize', { params: HANDSHAKE });
  expect(refused).toMatchObject({ status: 401, error: { code: -32001 } });
  expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  const foreign = await openDoors();
  const answer = await older(foreign, 'initialize', {
    params: HANDSHAKE,
    headers: { origin: 'https://evil.example' },
  });
  expect(answer.status).toBe(403);
});

test('what is no frame is refused in the words of JSON-RPC, and the next one is answered', async () => {
  const door = await openDoors();
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  for (const [body, status, code] of [
    ['{"jsonrpc":"2.0","id":1,"method":"tools', 400, -32700],
    ['', 400, -32700],
    [deep, 400, -32700],
    [Uint8Array.of(0x22, 0xff, 0x22), 400, -32700],
    ['"text"', 400, -32600],
    ['{"id":1}', 400, -32600],
    [`"${'a'.repeat(limits.requestBytesMax)}"`, 413, -32600],
  ] as const) {
    const answer = await post(door, { body });
    expect(answer, String(body).slice(0, 50)).toMatchObject({ status, error: { code } });
  }
  const text = await post(door, { body: '{}', headers: { 'content-type': 'text/plain' } });
  expect(text).toMatchObject({ status: 415, error: { code: -32010 } });
  const odd = await older(door, 'tools/list', { headers: { 'x-session-id': 'with space' } });
  expect(odd).toMatchObject({ status: 400, error: { code: -32602 } });
  expect((await older(door, 'nothing/such')).error).toMatchObject({ code: -32601 });
  expect((await older(door, 'tools/list')).status).toBe(200);
});
