/**
 * The port between the typed client and a wire. A transport carries one operation and its answer,
 * and a feed of events that goes on where it stopped when the wire broke. It knows no operation
 * by name.
 */
import type {
  ByteRange,
  Chunks,
  Content,
  Event,
  EventFilter,
  Reply,
  SignalboxError,
} from '../contract/index.ts';

/** How long an answer is waited for unless the caller says otherwise. */
export const answerMsDefault = 30_000;
/** The same for what carries a stream. */
export const streamMsDefault = 60 * 60_000;

export interface Request {
  operation: string;
  input: unknown;
  /** Commands only. The same key goes out again when the request is sent again. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
  /** The longest wait for the answer, reconnections included. */
  timeoutMs?: number | undefined;
}

/** What can be uploaded. A stream, or what is iterated, is read once. */
export type UploadBody = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | Chunks;

export interface UploadRequest extends Request {
  body: UploadBody;
}

export interface DownloadRequest extends Request {
  range?: ByteRange | undefined;
}

export interface Download {
  output: unknown;
  content: Content;
  /** To be read once, or left: then nothing more of it is sent. */
  body: Chunks;
}

/** What a caller's own signal said, as an error. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}

export interface Reader {
  /** Every event that matches is delivered from after this cursor on, in order and once. */
  after: number;
  filter: EventFilter;
  onEvent: (event: Event) => void;
  /**
   * The feed is over and does not come back. Undefined where the reader or the client closed it.
   */
  onEnd: (error: SignalboxError | undefined) => void;
}

export interface Closable {
  close: () => void;
}

/**
 * `connected`: the hub has welcomed us, for the first time or again. `disconnected`: the wire broke
 * and is being mended. `ended`: closed, or refused in a way that trying again does not cure.
 */
export type ConnectionState = 'connected' | 'disconnected' | 'ended';

export type StateListener = (state: ConnectionState, error: SignalboxError | undefined) => void;

export interface Transport {
  /** Answers, or throws a SignalboxError (or the reason of the caller's own signal). */
  call: (request: Request) => Promise<Reply>;
  upload: (request: UploadRequest) => Promise<Reply>;
  download: (request: DownloadRequest) => Promise<Download>;
  subscribe: (reader: Reader) => Closable;
  close: () => void;
  /**
   * Hears each change, and at once where it is connected already. In `connected` a listener may
   * call: what it sends goes ahead of everything that is sent again. Answers how to stop
   * listening. Only wires that stay open have it.
   */
  onState?: (listener: StateListener) => () => void;
}
