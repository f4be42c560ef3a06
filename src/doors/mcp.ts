/**
 * MCP over HTTP at /mcp. The code of the protocol is loaded with the first request, so that a hub
 * that nobody asks there does not carry it.
 *
 * Which conversation it is, and so who holds its locks: the Mcp-Session-Id that was given at
 * `initialize`, else the caller's own X-Session-Id, else one text for all that come with the same
 * credential. Nothing is kept here for it, so none is too many. A lock lives for half an hour after
 * the last call, because nothing beats for a caller that only asks.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type Credential,
  errorTable,
  type Invoke,
  limits,
  LockSession,
  SignalboxError,
} from '../contract/index.ts';
import { newSecret } from '../core/ids.ts';
import { systemRandom } from '../core/random.ts';
import type { McpHandler } from '../mcp/http.ts';
import { askThrough } from '../tools/ask.ts';
import type { Ask } from '../tools/tool.ts';
import { credentialOf } from './credential.ts';
import { parseJson, UnreadableText } from './text.ts';

export const MCP_PATH = '/mcp';

export interface McpDoor {
  invoke: Invoke;
  version: string;
}

const LEASE_MS = limits.pullLeaseMs;
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

export function addMcp(app: FastifyInstance, door: McpDoor): void {
  let loading: Promise<McpHandler> | undefined;
  const loaded = (): Promise<McpHandler> => (loading ??= load(door));
  app.addHook('onClose', async () => (await loading)?.close());
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Refused below in the words of JSON-RPC, whatever comes.
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer' },
      async (_: unknown, body: Buffer) => body,
    );
    scope.setErrorHandler((error, _request, reply) => refuse(reply, error));
    scope.route({
      method: ['GET', 'POST'],
      url: MCP_PATH,
      exposeHeadRoute: false,
      handler: (request, reply) => answer({ request, reply, door, loaded }),
    });
    scope.delete(MCP_PATH, async (request, reply) => {
      const { ask, session } = speakerOf(door, request);
      await ask('lock.release', { holder: { session } });
      return reply.code(204).send();
    });
  });
}

async function load({ invoke, version }: McpDoor): Promise<McpHandler> {
  const { mcpHandler } = await import('../mcp/http.ts');
  return mcpHandler((headers) => {
    const { ask, session } = speakerOf({ invoke }, { headers: Object.fromEntries(headers) });
    return { ask, caller: { holder: { session }, leaseMs: LEASE_MS }, version };
  });
}

interface Asked {
  request: FastifyRequest;
  reply: FastifyReply;
  door: McpDoor;
  loaded: () => Promise<McpHandler>;
}

/** Who asks is known before anything is answered, also what asks nothing of the hub. */
async function answer({ request, reply, door, loaded }: Asked): Promise<FastifyReply> {
  const speaker = speakerOf(door, request);
  await speaker.ask('hub.whoami', {});
  const body = bodyOf(request);
  if (methodOf(body) === 'tools/call') await keepLocks(speaker);
  const response = await (await loaded()).fetch(webRequest(request), body);
  for (const [name, value] of response.headers) reply.header(name, value);
  if (methodOf(body) === 'initialize' && response.ok) {
    reply.header('mcp-session-id', newSecret('mcp', systemRandom()));
  }
  reply.code(response.status);
  return reply.send(response.body === null ? null : Readable.from(response.body));
}

/** Each call is a sign of life. Who may only read holds none. */
async function keepLocks({ ask, session }: Speaker): Promise<void> {
  await ask('lock.renew', { session, leaseMs: LEASE_MS }).catch((error: unknown) => {
    if (!(error instanceof SignalboxError) || error.code !== 'forbidden') throw error;
  });
}

function methodOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'method' in body ? body.method : undefined;
}

function bodyOf({ method, headers, body }: FastifyRequest): unknown {
  if (method !== 'POST') return undefined;
  if (!/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new SignalboxError('unsupported', 'the body is not declared as JSON');
  }
  return parseJson(body instanceof Uint8Array ? body : new Uint8Array());
}

/** The body stands beside it, parsed. */
function webRequest({ method, headers }: FastifyRequest): Request {
  const known = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && !name.startsWith(':') ? [[name, value]] : [],
  );
  return new Request(`http://hub${MCP_PATH}`, { method, headers: known });
}

type Headed = Pick<FastifyRequest, 'headers'>;

interface Speaker {
  ask: Ask;
  /** Who holds the locks. */
  session: string;
}

function speakerOf({ invoke }: Pick<McpDoor, 'invoke'>, from: Headed): Speaker {
  const credential = credentialOf(from);
  const ask = askThrough((operation, input) => invoke({ operation, input, credential }));
  return { ask, session: sessionOf(from, credential) };
}

function sessionOf({ headers }: Headed, credential: Credential): string {
  const given = headers['mcp-session-id'] ?? headers['x-session-id'];
  if (given === undefined || given === '') return `http-${fingerprint(credential)}`;
  const session = LockSession.safeParse(given);
  if (session.success) return session.data;
  throw new SignalboxError('invalid_input', 'the id of the session is not plain text', {
    hint: `Up to ${limits.lockSessionCharsMax} characters of ASCII, without spaces.`,
  });
}

function fingerprint({ token, agent }: Credential): string {
  return hash('sha256', token ?? agent ?? '', 'hex').slice(0, 16);
}

function refuse(reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = thrown instanceof SignalboxError ? thrown : fromFastify(thrown);
  const { http } = errorTable[error.code];
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  if (error.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  }
  const code = jsonRpcOf(error);
  const { message, ...data } = error.toBody();
  return reply.code(http).send({ jsonrpc: '2.0', id: null, error: { code, message, data } });
}

function jsonRpcOf(error: SignalboxError): number {
  if (error instanceof UnreadableText) return PARSE_ERROR;
  return error.code === 'too_large' ? INVALID_REQUEST : errorTable[error.code].jsonRpc;
}

function fromFastify(thrown: unknown): SignalboxError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new SignalboxError('too_large', `a body may have ${limits.requestBytesMax} bytes`);
  }
  return new SignalboxError('internal', 'something went wrong at this door', { cause: thrown });
}
