/**
 * Streams over HTTP, for every client that reaches its hub by a wire. A body that can be read again
 * is sent again under the same key when the hub was not reached; a stream that has been read from
 * cannot be.
 */
import { Content, SignalboxError, type Chunks, type Reply } from '../contract/index.ts';
import { outputOf, unreachable } from './answers.ts';
import type { Download, DownloadRequest, UploadBody, UploadRequest } from './transport.ts';

export interface StreamWire {
  /** `http://host:port/v1/`. */
  address: string;
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

export async function sendStream(wire: StreamWire, request: UploadRequest): Promise<Reply> {
  const { operation, input, key, body } = request;
  const { 'content-type': _, ...headers } = wire.headers;
  const sent: RequestInit & { duplex: 'half' } = {
    method: 'PUT',
    headers: { ...headers, ...(key !== undefined && { 'idempotency-key': key }) },
    body: bodyOf(body),
    signal: wire.signal,
    redirect: 'error',
    // Without it no stream may be sent, though not every list of options knows it.
    duplex: 'half',
  };
  const response = await fetch(addressOf(wire, operation, input), sent).catch((cause: unknown) => {
    throw unreachable(wire.address, cause);
  });
  return outputOf(wire.address, response);
}

/** Can the same bytes be read once more? */
export function isRepeatable(body: UploadBody): boolean {
  return body instanceof Blob || body instanceof Uint8Array;
}

function bodyOf(body: UploadBody): Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (body instanceof Blob || body instanceof ReadableStream) return body;
  return body instanceof Uint8Array ? body : streamOf(body);
}

function streamOf(chunks: Chunks): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

export async function receiveStream(wire: StreamWire, request: DownloadRequest): Promise<Download> {
  const { operation, input, range } = request;
  const { 'content-type': _, ...headers } = wire.headers;
  const part = range && { range: `bytes=${range.start}-${range.end - 1}` };
  const response = await fetch(addressOf(wire, operation, input), {
    headers: { ...headers, ...part },
    signal: wire.signal,
    redirect: 'error',
  }).catch((cause: unknown) => {
    throw unreachable(wire.address, cause);
  });
  const output = described(response);
  if (output === undefined) throw await refusalOf(wire, response);
  const content = Content.parse(output);
  return { output, content, body: chunksOf(wire.address, response.body) };
}

async function refusalOf(wire: StreamWire, response: Response): Promise<unknown> {
  return outputOf(wire.address, response).then(
    () => new SignalboxError('internal', 'The answer is not a file of a Signalbox hub.'),
    (error: unknown) => error,
  );
}

function described({ ok, headers }: Response): unknown {
  const text = headers.get('x-signalbox-output');
  return ok && text !== null ? JSON.parse(decodeURIComponent(text)) : undefined;
}

/** Not every browser can iterate a stream itself. */
async function* chunksOf(
  address: string,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreachable(address, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Where it was read to its end there is nothing left to cancel.
    await reader.cancel().catch(() => {});
  }
}

function addressOf({ address }: StreamWire, operation: string, input: unknown): string {
  const query = new URLSearchParams();
  const fields: object = typeof input === 'object' && input !== null ? input : {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return `${address}${encodeURIComponent(operation)}?${query.toString()}`;
}
