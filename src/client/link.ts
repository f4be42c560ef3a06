/**
 * One link to a hub that outlives its sockets: it says hello, waits for the welcome, and when a
 * socket breaks it opens the next with backoff, until it is closed or the hub refuses it for
 * good.
 *
 * Nothing is sent before the welcome and nothing is kept here: what must survive a broken socket
 * is the business of whoever uses the link, who sends it again when `onUp` says so.
 */
import { isPassing, limits, SignalboxError, type Credential } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { parseFrames, type Frame } from './frames.ts';
import { chance } from './keys.ts';

/** Short at first: an agent has 3 s to resume its session. */
const RECONNECT = { firstMs: 100, mostMs: 3_000 };
const WELCOME_MS = 10_000;
const STEADY_MS = 5_000;
/**
 * Closed for a reason that the next socket would meet again: not authenticated, not the protocol.
 */
const FINAL_CODES = [4400, 4401];

export interface LinkOptions {
  address: string;
  credential: Credential;
  clock: Clock;
  onFrame: (frame: Frame) => void;
  onUp: () => void;
  /** The socket broke, and the next one is tried in a moment. `code` is that of its closing. */
  onDown: (error: SignalboxError, code: number) => void;
  /** It will not come back. */
  onEnd: (error: SignalboxError) => void;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #socket: WebSocket | undefined;
  /** What this turn has sent so far; it is dropped where the socket breaks. */
  #turn: string[] = [];
  #turnChars = 0;
  #isUp = false;
  #retries = 0;
  #upSinceMs = 0;
  #refusal: SignalboxError | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#open();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** What one turn sends goes out as one message, so that the hub commits it at once. */
  send(text: string): void {
    if (this.#turn.length === 0) queueMicrotask(() => this.#flush());
    else if (this.#turn.length === limits.framesPerMessageMax || this.#hasMuch(text)) this.#flush();
    this.#turn.push(text);
    this.#turnChars += text.length;
  }

  #hasMuch(text: string): boolean {
    // A character is at most three bytes of UTF-8.
    return (this.#turnChars + text.length) * 3 > limits.frameBytesMax / 2;
  }

  #flush(): void {
    const turn = this.#turn;
    this.#turn = [];
    this.#turnChars = 0;
    if (!this.#isUp || turn.length === 0) return;
    this.#socket?.send(turn.length === 1 ? (turn[0] ?? '') : `[${turn.join()}]`);
  }

  /** Gives up a socket that is open and silent, and opens another. */
  cut(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#broke(1006);
    socket.close();
  }

  close(): void {
    this.#closing.abort();
    this.#isUp = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  #open(): void {
    const { address, credential, clock } = this.#options;
    const socket = new WebSocket(address);
    this.#socket = socket;
    const cancel = clock.after(WELCOME_MS, () => {
      if (this.#socket === socket && !this.#isUp) this.cut();
    });
    socket.addEventListener('open', () => {
      socket.send(JSON.stringify({ hello: { protocol: 1, arrays: true, ...credential } }));
    });
    socket.addEventListener('message', ({ data }) => {
      for (const frame of parseFrames(data)) {
        if (this.#socket !== socket) return;
        if (frame.kind === 'refusal') this.#refusal = frame.error;
        else if (this.#isUp) this.#options.onFrame(frame);
        else if (frame.kind === 'welcome') {
          cancel();
          this.#welcome();
        }
      }
    });
    // An error is always followed by the close, which says no less.
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', ({ code }) => {
      cancel();
      if (this.#socket === socket) this.#broke(code);
    });
  }

  #welcome(): void {
    this.#isUp = true;
    this.#upSinceMs = this.#options.clock.nowMs();
    this.#options.onUp();
  }

  /** A hub that welcomes us and breaks at once is as little there as one that does not answer. */
  #broke(code: number): void {
    const wasSteady = this.#isUp && this.#options.clock.nowMs() - this.#upSinceMs >= STEADY_MS;
    if (wasSteady) this.#retries = 0;
    this.#isUp = false;
    this.#socket = undefined;
    const refusal = this.#refusal;
    this.#refusal = undefined;
    const error = refusal ?? closeError(this.#options.address, code);
    // A hub whose database is away welcomes nobody, whatever their token is worth.
    if (FINAL_CODES.includes(code) && !isPassing(error)) {
      this.#closing.abort();
      return this.#options.onEnd(error);
    }
    this.#options.onDown(error, code);
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    const waitMs = backoffMs(RECONNECT, ++this.#retries, chance());
    await this.#options.clock.sleep(waitMs, this.#closing.signal);
    if (!this.#closing.signal.aborted) this.#open();
  }
}

function closeError(address: string, code: number): SignalboxError {
  if (code === 4401) return new SignalboxError('unauthenticated', 'The hub refused the token.');
  if (code === 4400) {
    return new SignalboxError('unsupported', 'The hub does not speak this protocol.', {
      hint: 'Use a client of the same version as the hub.',
    });
  }
  const message = code === 1001 ? 'is going away' : 'cannot be reached';
  return new SignalboxError('unavailable', `The hub at ${address} ${message}.`, {
    retryAfterMs: RECONNECT.firstMs,
  });
}
