/**
 * The writing side of a socket. What is sent in one turn, as the answers of one commit are, goes
 * out together: as one array of frames to a reader who takes them so, else as many messages in one
 * write. Who has more waiting than the bound is told so, and told again when it has gone out.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type Credential, limits } from '../contract/index.ts';

interface Outgoing {
  text: string;
  sent: () => void;
}

export class SocketWire {
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #waiting: (() => void)[] = [];
  /** What this turn has written so far. */
  #turn: Outgoing[] = [];
  #turnChars = 0;
  /** The reader takes several frames as one array. */
  takesArrays = false;

  constructor(socket: WebSocket, stream: Socket) {
    this.#socket = socket;
    this.#stream = stream;
  }

  /** Where the other end is. */
  get caller(): Pick<Credential, 'address'> {
    const { remoteAddress: address } = this.#stream;
    return address === undefined ? {} : { address };
  }

  get isFull(): boolean {
    return this.unsent >= limits.socketBufferBytesMax;
  }

  /** Half empty again: going on at the first free byte would only stop again at once. */
  get hasRoom(): boolean {
    return this.unsent <= limits.socketBufferBytesMax / 2;
  }

  /** Bytes that wait to go out. */
  get unsent(): number {
    return this.#socket.bufferedAmount + this.#turnChars;
  }

  write(text: string, sent: () => void): void {
    if (this.#turn.length === 0) process.nextTick(() => this.flush());
    else if (this.#turnChars + text.length > limits.frameBytesMax / 4) this.flush();
    this.#turn.push({ text, sent });
    this.#turnChars += text.length;
  }

  /** Sends what the turn has written so far, as before the socket is closed. */
  flush(): void {
    const turn = this.#turn;
    if (turn.length === 0) return;
    this.#turn = [];
    this.#turnChars = 0;
    if (this.takesArrays && turn.length > 1) {
      this.#send(`[${turn.map(({ text }) => text).join()}]`, turn);
      return;
    }
    if (turn.length > 1) this.#stream.cork();
    for (const one of turn) this.#send(one.text, [one]);
    if (turn.length > 1) this.#stream.uncork();
  }

  #send(text: string, parts: readonly Outgoing[]): void {
    this.#socket.send(text, () => {
      for (const { sent } of parts) sent();
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
