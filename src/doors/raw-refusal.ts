/**
 * Refusals on a bare socket: where a request could not be read, or wanted to become something else
 * than an answer, there is no response to write to.
 *
 * Node takes its own listeners off such a socket, so its errors are ours: without a listener, a
 * caller that hangs up at the wrong moment would end the process.
 */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorTable, SignalboxError } from '../contract/index.ts';

export function refuseRaw(socket: Duplex, error: SignalboxError): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const { http: status } = errorTable[error.code];
  const body = JSON.stringify({ error: error.toBody() });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** What Node's parser says of bytes that are no request of HTTP, in our words. */
export function unreadable({ code }: { code?: string }): SignalboxError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new SignalboxError('too_large', 'the head of the request is too large', {
        hint: 'Send a shorter address and fewer headers: 16 KiB in all.',
      });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new SignalboxError('invalid_input', 'the request did not come to its end in time', {
        hint: 'Send the whole request within 30 s.',
      });
    default:
      return new SignalboxError('invalid_input', 'what came is no HTTP request', {
        hint: 'Send a well-formed request of HTTP/1.1.',
      });
  }
}
