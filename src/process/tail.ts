/**
 * The last part of what a command prints. It never holds more than a bound, whatever is printed:
 * a hundred megabytes without a line end cost as much memory as a page of text.
 */

export interface Tail {
  push: (chunk: Uint8Array) => void;
  /** All that was printed, kept or not. */
  printedBytes: () => number;
  /** The last characters, with a note of how much was cut, in all at most `charsMax`. */
  text: () => string;
}

/** A character takes at most four bytes in UTF-8. */
const BYTES_PER_CHAR = 4;
const NOTE_CHARS = 64;

export function createTail(charsMax: number): Tail {
  const ring = Buffer.alloc(charsMax * BYTES_PER_CHAR);
  let printedBytes = 0;
  return {
    push(chunk) {
      const last = chunk.subarray(-ring.length);
      const at = (printedBytes + chunk.length - last.length) % ring.length;
      const untilEnd = last.subarray(0, ring.length - at);
      ring.set(untilEnd, at);
      ring.set(last.subarray(untilEnd.length), 0);
      printedBytes += chunk.length;
    },
    printedBytes: () => printedBytes,
    text() {
      const cutBytes = Math.max(0, printedBytes - ring.length);
      const at = printedBytes % ring.length;
      const held =
        cutBytes === 0
          ? ring.subarray(0, printedBytes)
          : Buffer.concat([ring.subarray(at), ring.subarray(0, at)]);
      return cutToTail(readable(held), { charsMax, cutBytes });
    },
  };
}

/** Broken UTF-8 becomes U+FFFD, and so does NUL, which not every database can hold. */
function readable(bytes: Buffer): string {
  return new TextDecoder('utf-8').decode(bytes).replaceAll('\0', '\ufffd');
}

/** The end of a text within a bound, beginning with a note where something was cut. */
export function cutToTail(text: string, bound: { charsMax: number; cutBytes?: number }): string {
  const cutBytes = bound.cutBytes ?? 0;
  if (cutBytes === 0 && text.length <= bound.charsMax) return text;
  const kept = text
    .slice(-Math.max(1, bound.charsMax - NOTE_CHARS))
    .replace(/^[\udc00-\udfff]/, '');
  const missing = cutBytes + Buffer.byteLength(text) - Buffer.byteLength(kept);
  return `[the first ${missing} bytes were cut]\n${kept}`;
}
