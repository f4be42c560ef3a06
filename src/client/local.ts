/**
 * The local transport: a hub in the same process, asked directly. Nothing is written as text and
 * parsed again but the events, which the hub keeps as text.
 */
import type { Connection, Credential, Feed } from '../contract/index.ts';
import { isEvent, known } from './frames.ts';
import { abortError } from './transport.ts';
import type { Closable, Reader, Transport } from './transport.ts';

export function localTransport(connection: Connection, credential: Credential): Transport {
  return {
    call({ operation, input, key, signal }) {
      if (signal?.aborted === true) return Promise.reject(abortError(signal));
      return connection.invoke({ operation, input, credential, ...(key !== undefined && { key }) });
    },
    subscribe: (reader) => follow(connection, credential, reader),
    close: () => connection.close(),
  };
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
