/** HTTP: `POST /v1/<operation>`, streams, the health of the hub, its OpenAPI description. */
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import {
  errorTable,
  type Invoke,
  limits,
  SignalboxError,
  type Subscribe,
} from '../contract/index.ts';
import { credentialOf } from './credential.ts';
import { addDocs } from './docs-page.ts';
import { addEvents } from './events.ts';
import { callerOf, guardLoopback } from './guard.ts';
import { addMcp } from './mcp.ts';
import { refuseRaw, unreadable } from './raw-refusal.ts';
import { addRest } from './rest.ts';
import { addStreams, type StreamDoor } from './streams.ts';
import { parseJson } from './text.ts';

export interface HttpDoor extends Omit<StreamDoor, 'uploading'> {
  invoke: Invoke;
  subscribe: Subscribe;
  auth: 'token' | 'none';
  version: string;
  /** Throws when the database does not answer. */
  check: () => Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** The contract parses what comes. Left to itself, Fastify loads compilers of its own at once. */
const noSchemas = { buildValidator: noCompiler, buildSerializer: noCompiler };

function noCompiler(): never {
  throw new Error('a route has no schema of its own: the operation parses its input');
}

export function httpDoor(door: HttpDoor): FastifyInstance {
  const uploading = new WeakSet<Socket>();
  const app = Fastify({
    schemaController: { compilersFactory: noSchemas },
    bodyLimit: limits.requestBytesMax,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    logger: false,
    // Some clients offer HTTP/2 with each request; they get their answer over HTTP/1.1.
    http: { shouldUpgradeCallback: ({ headers }) => isWebSocket(headers.upgrade) },
    clientErrorHandler(error, socket) {
      // An upload has a bound of its own on how long it may take.
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && uploading.has(socket)) return;
      refuseRaw(socket, unreadable(error));
    },
    frameworkErrors(error, _request, reply) {
      void refuse(reply, error);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : parseJson(body),
  );
  app.setErrorHandler((error, _request, reply) => refuse(reply, error));
  app.setNotFoundHandler((request, reply) => refuse(reply, noSuchPath(request)));
  if (door.auth === 'none') {
    app.addHook('onRequest', async ({ headers }) => guardLoopback(callerOf(headers)));
  }
  answerInTurn(app);
  addOperations(app, door);
  addStreams(app, { ...door, uploading });
  addEvents(app, door);
  addRest(app, { ...door, uploading });
  addMcp(app, door);
  addHealth(app, door);
  addDocs(app);
  app.get('/openapi.json', async () => {
    const { openApi } = await import('./openapi.ts');
    return openApi(door.version);
  });
  return app;
}

/** What is asked in advance on a connection waits there: no more than one answer is unread. */
function answerInTurn(app: FastifyInstance): void {
  const last = new WeakMap<Socket, Promise<unknown>>();
  app.addHook('onRequest', async ({ raw }, reply) => {
    const before = last.get(raw.socket);
    last.set(raw.socket, new Promise((over) => reply.raw.once('close', over)));
    await before;
  });
}

function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

function addOperations(app: FastifyInstance, { invoke }: HttpDoor): void {
  app.post<{ Params: { operation: string } }>('/v1/:operation', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const answer = await invoke({
      operation: request.params.operation,
      input: request.body ?? {},
      credential: credentialOf(request),
      ...(typeof key === 'string' ? { key } : {}),
    });
    if (answer.isDeduplicated) reply.header('x-signalbox-deduplicated', 'true');
    return reply.send(answer.output);
  });
}

function addHealth(app: FastifyInstance, { check, version }: HttpDoor): void {
  app.get('/live', async () => ({ status: 'live' }));
  app.get('/ready', async () => {
    await check().catch((cause: unknown) => {
      throw new SignalboxError('unavailable', 'the database does not answer', {
        retryAfterMs: 1_000,
        cause,
      });
    });
    return { status: 'ready' };
  });
  app.get('/health', async (_request, reply) => {
    const database = await check().then(
      () => 'ok',
      () => 'unavailable',
    );
    const status = database === 'ok' ? 'ok' : 'degraded';
    return reply.code(database === 'ok' ? 200 : 503).send({ status, version, database });
  });
}

function refuse(reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = thrown instanceof SignalboxError ? thrown : fromFastify(thrown);
  if (error.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  }
  if (error.code === 'out_of_range') {
    reply.header('content-range', `bytes */${String(error.details?.['bytes'])}`);
  }
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return reply.code(errorTable[error.code].http).send({ error: error.toBody() });
}

/** Fastify's own refusals, in our words. */
function fromFastify(thrown: unknown): SignalboxError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const status =
    thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new SignalboxError('too_large', `a body may have ${limits.requestBytesMax} bytes`);
  }
  if (status === 415) {
    return new SignalboxError('unsupported', 'the body is not declared as JSON');
  }
  if (status >= 400 && status < 500 && thrown instanceof Error) {
    return new SignalboxError('invalid_input', thrown.message, {
      hint: 'Send a well-formed HTTP request with a JSON body.',
    });
  }
  return new SignalboxError('internal', 'something went wrong at this door', { cause: thrown });
}

function noSuchPath({ method, url }: FastifyRequest): SignalboxError {
  const path = JSON.stringify(url.slice(0, 200));
  return new SignalboxError('unknown_operation', `there is nothing at ${method} ${path}`, {
    hint: 'Operations are called with POST /v1/<operation>; GET /openapi.json lists them.',
  });
}
