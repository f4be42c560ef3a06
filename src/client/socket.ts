/**
 * The WebSocket transport: many calls and feeds over one link.
 *
 * A broken socket loses nothing. After the welcome of the next one every call that has no answer
 * yet is sent again, a command under its old key, so that the hub does it once; every feed goes
 * on after the last event it delivered. One sweeping timer ends calls that waited too long and
 * finds out a hub that went silent.
 */
import { SignalboxError, type Credential, type Reply } from '../contract/index.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { socketAddress } from './address.ts';
import { Calls } from './calls.ts';
import { Feeds } from './feeds.ts';
import type { Frame } from './frames.ts';
import { Link } from './link.ts';
import { httpTransport } from './http.ts';
import type { Closable, ConnectionState, Download, DownloadRequest, Reader } from './transport.ts';
import type { Request, StateListener, Transport, UploadRequest } from './transport.ts';

const SWEEP_MS = 500;
/**
 * After so long without a frame the hub is asked for a sign of life; after twice that it is left.
 */
const QUIET_MS = 15_000;
/** Closed because a frame was too big: sending it again would only close the next socket. */
const TOO_BIG = 1009;

export interface SocketOptions extends Credential {
  url: string;
  clock?: Clock;
}

export function socketTransport(options: SocketOptions): Transport {
  return new SocketTransport(options);
}

class SocketTransport implements Transport {
  readonly #clock: Clock;
  readonly #link: Link;
  readonly #calls: Calls;
  readonly #feeds: Feeds;
  /** Streams go over HTTP beside the socket, which they would hold up. */
  readonly #streams: Transport;
  readonly #listeners = new Set<StateListener>();
  #lastId = 0;
  #cancelSweep: (() => void) | undefined;
  #quietMs = 0;
  /** What keeps the link down now. */
  #trouble: SignalboxError | undefined;
  #ended: SignalboxError | undefined;

  constructor({ url, token, agent, clock = systemClock() }: SocketOptions) {
    this.#clock = clock;
    this.#streams = httpTransport({ url, clock, ...(token && { token }), ...(agent && { agent }) });
    this.#calls = new Calls({ clock, send: (text) => this.#send(text) });
    this.#feeds = new Feeds({ clock, send: (body) => this.#sendFrame(body) });
    this.#link = new Link({
      address: socketAddress(url),
      credential: token === undefined ? { ...(agent && { agent }) } : { token },
      clock,
      onFrame: (frame) => this.#route(frame),
      onUp: () => this.#up(),
      onDown: (error, code) => this.#down(error, code),
      onEnd: (error) => this.#end(error, error),
    });
  }

  call(request: Request): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#calls.begin(++this.#lastId, request);
  }

  upload(request: UploadRequest): Promise<Reply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#streams.upload(request);
  }

  download(request: DownloadRequest): Promise<Download> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return this.#streams.download(request);
  }

  subscribe(reader: Reader): Closable {
    if (this.#ended === undefined) return this.#feeds.open(reader);
    reader.onEnd(this.#ended);
    return { close: () => {} };
  }

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    if (this.#link.isUp) listener('connected', undefined);
    if (this.#ended !== undefined) listener('ended', this.#ended);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#ended !== undefined) return;
    this.#link.close();
    this.#streams.close();
    this.#end(closed(), undefined);
  }

  /** While the link is down nothing is sent: `#up` sends what still waits then. */
  #send(text: string): void {
    if (this.#link.isUp) this.#link.send(text);
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  #sendFrame(body: object): number {
    const id = ++this.#lastId;
    this.#send(JSON.stringify({ id, ...body }));
    return id;
  }

  #route(frame: Frame): void {
    this.#quietMs = 0;
    switch (frame.kind) {
      case 'ok':
        return this.#calls.resolve(frame.id, frame);
      case 'event':
        return this.#feeds.deliver(frame.sub, frame.event);
      case 'error':
        this.#calls.reject(frame.id, frame.error);
        return this.#feeds.refused(frame.id, frame.error);
      case 'end':
        return this.#feeds.refused(frame.sub, frame.error);
      case 'welcome':
      case 'refusal':
      case 'unknown':
        return;
    }
  }

  #up(): void {
    this.#quietMs = 0;
    this.#trouble = undefined;
    // What the listeners send is not among these: it goes out at once, and only once.
    const { texts } = this.#calls;
    const { ids } = this.#feeds;
    this.#tell('connected', undefined);
    for (const text of texts) this.#send(text);
    this.#feeds.openAgain(ids);
  }

  #down(error: SignalboxError, code: number): void {
    this.#trouble = error;
    if (code === TOO_BIG)
      this.#calls.rejectAll(new SignalboxError('too_large', 'Too big a frame.'));
    this.#tell('disconnected', error);
  }

  #end(error: SignalboxError, told: SignalboxError | undefined): void {
    this.#ended = error;
    this.#cancelSweep?.();
    this.#calls.rejectAll(error);
    this.#feeds.endAll(told);
    this.#tell('ended', told);
  }

  #tell(state: ConnectionState, error: SignalboxError | undefined): void {
    for (const listener of Array.from(this.#listeners)) listener(state, error);
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    this.#calls.rejectLate(this.#trouble ?? late());
    if (this.#link.isUp) this.#listen();
    if (this.#calls.size + this.#feeds.size === 0) return;
    // `#listen` may have armed the next sweep already: a second one would never end.
    this.#cancelSweep ??= this.#clock.after(SWEEP_MS, () => this.#sweep());
  }

  /**
   * A feed may be silent for hours, and so may a dead wire: an ordinary question tells them
   * apart.
   */
  #listen(): void {
    this.#quietMs += SWEEP_MS;
    if (this.#quietMs === QUIET_MS) this.#sendFrame({ call: 'hub.whoami', input: {} });
    if (this.#quietMs >= 2 * QUIET_MS) this.#link.cut();
  }
}

function closed(): SignalboxError {
  return new SignalboxError('unavailable', 'This client has been closed.', {
    hint: 'Make a new client.',
  });
}

function late(): SignalboxError {
  return new SignalboxError('unavailable', 'The hub did not answer in time.', {
    retryAfterMs: SWEEP_MS,
  });
}
