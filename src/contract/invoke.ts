/**
 * The one way to ask: the hub offers it, the client offers it, and every door only translates to
 * it.
 */
import type { z } from 'zod';
import type { Event, EventFilter } from './event.ts';
import type { Content } from './operation.ts';
import type { operations } from './operations.ts';

export type Operations = typeof operations;
export type OperationName = keyof Operations;
/** What a caller writes: fields with a default may be left out. */
export type Input<Name extends OperationName> = z.input<Operations[Name]['input']>;
/** What a handler gets: parsed, defaults filled in. */
export type Parsed<Name extends OperationName> = z.output<Operations[Name]['input']>;
export type Output<Name extends OperationName> = z.output<Operations[Name]['output']>;

/** Who asks, in the words of the wire; the hub decides whom it believes. */
export interface Credential {
  token?: string;
  /** A name claimed: without a token it is believed only under `--auth none`, beside one never. */
  agent?: string;
  /** Where the caller is, as its door sees it: it bounds guesses, and gives no rights. */
  address?: string;
}

export interface Call {
  operation: string;
  input: unknown;
  credential: Credential;
  /** Commands only: the same key and the same input give the first answer again. */
  key?: string;
}

export interface Reply {
  output: unknown;
  /** True where this is the first answer to a key, given again. */
  isDeduplicated: boolean;
}

/** Answers, or throws a SignalboxError. */
export type Invoke = (call: Call) => Promise<Reply>;

export type Chunks = AsyncIterable<Uint8Array>;

/** A command with a stream; when it is refused, the stream may not have been read to its end. */
export interface UploadCall extends Call {
  body: Chunks;
}

export type Upload = (call: UploadCall) => Promise<Reply>;

/** Bytes by their places: from `start` to `end`, which is the first that is left out. */
export interface ByteRange {
  start: number;
  end: number;
}

/** What is there, and how to read it: as often as one likes, and only as far as one reads. */
export interface DownloadReply {
  output: unknown;
  content: Content;
  read: (range?: ByteRange) => Chunks;
}

export type Download = (call: Omit<Call, 'key'>) => Promise<DownloadReply>;

export interface Subscription {
  /** Delivers every event that matches, in order, from after this cursor; then live. */
  after: number;
  filter: EventFilter;
  credential: Credential;
  /** Takes one event as JSON text; false says that the reader is full and must be drained first. */
  deliver: (event: EventFrame) => boolean;
  /** The feed has ended: the token was revoked, the cursor is gone, or the hub closes. */
  end: (reason: unknown) => void;
}

/** An event as it stands in the log, with its wire text made once for all readers. */
export interface EventFrame extends Pick<Event, 'seq' | 'type' | 'subject' | 'audience'> {
  json: string;
}

export interface Feed {
  /** Goes on after `deliver` said false. */
  drain: () => void;
  close: () => void;
}

export type Subscribe = (subscription: Subscription) => Promise<Feed>;

/**
 * One wire's side of the hub. Sessions that an agent opened over it go into their grace time when
 * it closes, unless the agent resumes them over another.
 */
export interface Connection {
  invoke: Invoke;
  upload: Upload;
  download: Download;
  subscribe: Subscribe;
  close: () => void;
}

/** `onEnd` is called when the hub lets go of the wire: the token was revoked, or the hub closes. */
export type Connect = (onEnd?: (reason: unknown) => void) => Connection;
