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
  readonly #waiting: (() => void)[] = [];
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
    this.#socket.send(text, () => {
      sent();
      if (this.hasRoom) for (const go of this.#waiting.splice(0)) go();
    });
  }

  /** Waits until what was written has gone out, or never will; says whether it is still open. */
  async room(): Promise<boolean> {
    while (this.#isOpen && !this.hasRoom) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    return this.#isOpen;
  }

  /** The socket has closed: nobody waits for it any more. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }
}
