/**
 * The writing side of a socket. What is sent in one turn, as the answers of one commit are, goes
 * out in one write; who has more waiting than the bound is told so, and told again when it has gone
 * out.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { limits } from '../contract/index.ts';

export class SocketWire {
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  #isCorked = false;

  constructor(socket: WebSocket, stream: Socket) {
    this.#socket = socket;
    this.#stream = stream;
  }

  get isFull(): boolean {
    return this.#socket.bufferedAmount >= limits.socketBufferBytesMax;
  }

  /** Half empty again: going on at the first free byte would only stop again at once. */
  get hasRoom(): boolean {
    return this.#socket.bufferedAmount <= limits.socketBufferBytesMax / 2;
  }

  write(text: string, sent: () => void): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#socket.send(text, sent);
  }
}
