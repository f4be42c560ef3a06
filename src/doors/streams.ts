/**
 * Streams over HTTP: `PUT /v1/<upload>` takes the body as it is, `GET /v1/<download>` sends one.
 * The input stands in the query.
 *
 * What was uploaded is foreign: it is sent as a file to be saved, under a name that leads nowhere,
 * and no browser may look for a page in it.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Content, Download, DownloadReply, Upload } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { byteRange } from './byte-range.ts';
import { credentialOf } from './credential.ts';
import { incoming, type Uploading } from './incoming.ts';

export interface StreamDoor {
  upload: Upload;
  download: Download;
  clock: Clock;
  uploading: Uploading;
}

type Called = { Params: { operation: string }; Querystring: Record<string, unknown> };

export function addStreams(app: FastifyInstance, door: StreamDoor): void {
  app.get<Called>('/v1/:operation', (request, reply) => send(door, request, reply));
  // Within these doors a body of any type is left as it comes.
  void app.register(async (inner) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, _body, done) => done(null));
    inner.put<Called>('/v1/:operation', (request, reply) => receive(door, request, reply));
  });
}

async function receive(
  { upload, clock, uploading }: StreamDoor,
  request: FastifyRequest<Called>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { raw, headers, params, query } = request;
  const key = headers['idempotency-key'];
  const { body, drain } = incoming(raw, clock);
  uploading.add(raw.socket);
  try {
    const answer = await upload({
      operation: params.operation,
      input: inputOf(query, headers),
      credential: credentialOf(request),
      body,
      ...(typeof key === 'string' ? { key } : {}),
    });
    if (answer.isDeduplicated) reply.header('x-signalbox-deduplicated', 'true');
    return await reply.send(answer.output);
  } catch (error) {
    if (!(await drain().catch(() => false))) reply.header('connection', 'close');
    throw error;
  } finally {
    uploading.delete(raw.socket);
  }
}

/** Any wire knows how many bytes come and of what type; the query may say it too. */
function inputOf(
  { bytes, ...input }: Record<string, unknown>,
  headers: FastifyRequest['headers'],
): Record<string, unknown> {
  const length = bytes ?? headers['content-length'];
  const mediaType = headers['content-type'];
  return {
    ...(mediaType === undefined ? {} : { mediaType }),
    ...input,
    ...(length === undefined ? {} : { bytes: numberOf(length) }),
  };
}

function numberOf(text: unknown): unknown {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

async function send(
  { download }: StreamDoor,
  request: FastifyRequest<Called>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { params, query, headers } = request;
  const credential = credentialOf(request);
  const found = await download({ operation: params.operation, input: query, credential });
  const etag = `"${found.content.sha256}"`;
  const isKnown = headers['if-none-match']?.split(/\s*,\s*/).some((tag) => isSame(tag, etag));
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  return isKnown === true ? reply.code(304).send() : sendPart(found, request, reply);
}

function isSame(tag: string, etag: string): boolean {
  return tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag;
}

function sendPart(
  { output, content, read }: DownloadReply,
  { headers, method }: FastifyRequest<Called>,
  reply: FastifyReply,
): FastifyReply {
  const { bytes, sha256 } = content;
  const wasMeant = headers['if-range'] === undefined || headers['if-range'] === `"${sha256}"`;
  const range = wasMeant ? byteRange(headers.range, bytes) : undefined;
  const { start, end } = range ?? { start: 0, end: bytes };
  reply.headers({
    'content-type': content.mediaType,
    'content-length': end - start,
    'content-disposition': disposition(content),
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-signalbox-output': encodeURIComponent(JSON.stringify(output)),
  });
  if (range !== undefined) {
    reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${bytes}`);
  }
  const body = method === 'HEAD' ? [] : read({ start, end });
  return reply.send(Readable.from(body, { objectMode: false }));
}

/** RFC 6266: the name in plain signs for those that know no other, and in full. */
function disposition({ name }: Content): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["%\\]/g, '_');
  const full = encodeURIComponent(name).replaceAll(/['()*]/g, (sign) => {
    return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="${plain}"; filename*=UTF-8''${full}`;
}
