/**
 * The body of an upload, as it comes. Somebody who stops sending is let go of, however long the
 * whole may take; and where the hub says no before the end, what still comes is read and thrown
 * away, because a sender that is cut off in the middle often never sees the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Chunks, limits, SignalboxError } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';

export interface Incoming {
  body: Chunks;
  /** Reads on to the end; false where that is too far away. */
  drain: () => Promise<boolean>;
}

/** The sockets over which an upload comes: the bound on other requests is too short for them. */
export type Uploading = WeakSet<Socket>;

export function incoming(request: IncomingMessage, clock: Clock): Incoming {
  const untilMs = clock.nowMs() + limits.uploadMsMax;
  const body = (): Chunks => lively(request, clock, untilMs);
  return {
    body: body(),
    async drain() {
      const declared = Number(request.headers['content-length'] ?? 0);
      if (request.destroyed && !request.readableEnded) return false;
      if (declared > limits.artifactBytesMax) return false;
      let bytes = 0;
      for await (const chunk of body()) {
        bytes += chunk.length;
        if (bytes > limits.artifactBytesMax) return false;
      }
      return true;
    },
  };
}

async function* lively(
  request: IncomingMessage,
  clock: Clock,
  untilMs: number,
): AsyncGenerator<Uint8Array> {
  const giveUp = (): void => void request.destroy(tooSlow());
  const watch = (): (() => void) => {
    const leftMs = untilMs - clock.nowMs();
    return clock.after(Math.max(0, Math.min(limits.uploadIdleMs, leftMs)), giveUp);
  };
  let cancel = watch();
  try {
    // Who ends early leaves the rest to be drained.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      cancel();
      if (!(chunk instanceof Uint8Array)) continue;
      yield chunk;
      cancel = watch();
    }
  } finally {
    cancel();
  }
}

/** The same for a body that something else reads: looks now and then whether more has come. */
export function watchIncoming(request: IncomingMessage, clock: Clock): () => void {
  const untilMs = clock.nowMs() + limits.uploadMsMax;
  let bytesSeen = -1;
  let cancel = (): void => {};
  const look = (): void => {
    const { complete, socket } = request;
    if (complete) return;
    if (socket.bytesRead === bytesSeen || clock.nowMs() >= untilMs) {
      return void request.destroy(tooSlow());
    }
    bytesSeen = socket.bytesRead;
    cancel = clock.after(limits.uploadIdleMs, look);
  };
  look();
  return () => cancel();
}

function tooSlow(): SignalboxError {
  return new SignalboxError('invalid_input', 'the upload has stopped or takes too long', {
    hint: `Send something every ${limits.uploadIdleMs / 1_000} s, and all of it within the hour.`,
  });
}
