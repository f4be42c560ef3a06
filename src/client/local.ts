/**
 * The local transport: a hub in the same process, asked directly. Nothing is written as text and
 * parsed again but the events, which the hub keeps as text.
 */
import type { Connection, Credential, Feed } from '../contract/index.ts';
import { isEvent, known } from './frames.ts';
import { abortError } from './transport.ts';
import type { Closable, Reader, Transport, UploadBody } from './transport.ts';

export function localTransport(connection: Connection, credential: Credential): Transport {
  return {
    call({ operation, input, key, signal }) {
      if (signal?.aborted === true) return Promise.reject(abortError(signal));
      return connection.invoke({ operation, input, credential, ...(key !== undefined && { key }) });
    },
    upload({ operation, input, key, body, signal }) {
      if (signal?.aborted === true) return Promise.reject(abortError(signal));
      const chunks = chunksOf(body, signal);
      const call = { operation, input, credential, body: chunks };
      return connection.upload({ ...call, ...(key !== undefined && { key }) });
    },
    async download({ operation, input, range, signal }) {
      signal?.throwIfAborted();
      const { output, content, read } = await connection.download({ operation, input, credential });
      return { output, content, body: read(range) };
    },
    subscribe: (reader) => follow(connection, credential, reader),
    close: () => connection.close(),
  };
}

async function* chunksOf(
  body: UploadBody,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  for await (const chunk of body instanceof Blob ? body.stream() : body) {
    if (signal?.aborted === true) throw abortError(signal);
    yield chunk;
  }
}

function follow(connection: Connection, credential: Credential, reader: Reader): Closable {
  let feed: Feed | undefined;
  let isOver = false;
  const end = (reason: unknown): void => {
    if (isOver) return;
    isOver = true;
    reader.onEnd(reason === undefined ? undefined : known(reason));
  };
  const { after, filter } = reader;
  const deliver = ({ json }: { json: string }): boolean => {
    const event: unknown = JSON.parse(json);
    if (!isOver && isEvent(event)) reader.onEvent(event);
    return true;
  };
  connection.subscribe({ after, filter, credential, deliver, end }).then((opened) => {
    feed = opened;
    if (isOver) opened.close();
  }, end);
  return {
    close() {
      end(undefined);
      feed?.close();
    },
  };
}
