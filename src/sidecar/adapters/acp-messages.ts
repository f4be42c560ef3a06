/**
 * The messages of the Agent Client Protocol between an agent's output and input and the library
 * that speaks it. What an agent does not let be handled, and what it does not read, is counted:
 * over a bound the talk ends with a `Flood`, which is what every request then fails with.
 *
 * An answer that nobody asked for is no message: the library would print its id as it is.
 */
import type { AnyMessage } from '@agentclientprotocol/sdk';
import { z } from 'zod';
import { limits } from '../../contract/index.ts';
import { usageIn } from './acp-events.ts';
import { parsedJson } from '../../core/json.ts';
import { read, type CliEvent } from './cli-event.ts';

export class Flood extends Error {}

export interface Messages {
  /** Takes a line of output; null where it is no message of the protocol. */
  take: (line: string) => CliEvent[] | null;
  readable: ReadableStream<AnyMessage>;
  /** `send` answers false where too much is unread already. */
  writable: (send: (line: string) => boolean) => WritableStream<AnyMessage>;
  close: () => void;
}

const Message = z.custom<AnyMessage>((value) => Envelope.safeParse(value).success);
const Envelope = z.looseObject({ jsonrpc: z.literal('2.0') });

export function createMessages(): Messages {
  const asked = new Set<unknown>();
  const incoming = createIncoming();
  return {
    readable: incoming.readable,
    close: incoming.close,
    take(line) {
      const message = read(Message, parsedJson(line));
      if (message === undefined) return null;
      const isAnswer = !('method' in message);
      if (isAnswer && !asked.delete(message.id)) return null;
      incoming.push(message);
      return usageIn(message);
    },
    writable: (send) =>
      new WritableStream({
        write(message) {
          if ('method' in message && 'id' in message) asked.add(message.id);
          if (!send(`${JSON.stringify(message)}\n`)) throw unread();
        },
      }),
  };
}

interface Incoming extends Pick<Messages, 'readable' | 'close'> {
  push: (message: AnyMessage) => void;
}

function createIncoming(): Incoming {
  let controller: ReadableStreamDefaultController<AnyMessage> | undefined;
  const source = {
    start(given: ReadableStreamDefaultController<AnyMessage>) {
      controller = given;
    },
    cancel() {
      controller = undefined;
    },
  };
  return {
    readable: new ReadableStream(source, { highWaterMark: limits.acpMessagesMax }),
    push(message) {
      const room = controller?.desiredSize ?? 0;
      if (room > 0) return controller?.enqueue(message);
      controller?.error(unhandled());
      controller = undefined;
    },
    close() {
      controller?.close();
      controller = undefined;
    },
  };
}

function unhandled(): Flood {
  return new Flood(`It was ended: ${limits.acpMessagesMax} of its messages waited to be handled.`);
}

function unread(): Flood {
  const mebibytes = limits.programInputBytesMax / 1024 / 1024;
  return new Flood(`It was ended: it did not read ${mebibytes} MiB of what was said to it.`);
}
