/**
 * Lines of what a program prints, whatever it prints: UTF-8 cut anywhere between two chunks, bytes
 * that are none, a hundred megabytes without a line end. No more than the longest line is held; a
 * longer one is left out, its bytes counted.
 */

export interface Lines {
  push: (chunk: Uint8Array) => void;
  /** The program has ended: what has no line end is a line too. */
  end: () => void;
}

export interface LinesOptions {
  bytesMax: number;
  onLine: (line: string) => void;
  /** A line was too long; told once it has ended. */
  onOverlong: (bytes: number) => void;
}

const LINE_END = 0x0a;

export function createLines({ bytesMax, onLine, onOverlong }: LinesOptions): Lines {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const add = (part: Uint8Array): void => {
    bytes += part.length;
    // A copy: the chunk that it is a part of may be much larger.
    if (bytes <= bytesMax) parts.push(Buffer.from(part));
    else parts = [];
  };
  const finish = (): void => {
    if (bytes > bytesMax) onOverlong(bytes);
    else if (bytes > 0) onLine(readable(Buffer.concat(parts)));
    parts = [];
    bytes = 0;
  };
  return {
    push(chunk) {
      let from = 0;
      for (;;) {
        const at = chunk.indexOf(LINE_END, from);
        if (at < 0) break;
        add(chunk.subarray(from, at));
        finish();
        from = at + 1;
      }
      if (from < chunk.length) add(chunk.subarray(from));
    },
    end: finish,
  };
}

/** Broken UTF-8 becomes U+FFFD, and so does NUL, which not every database can hold. */
function readable(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes).replaceAll('\0', '\ufffd').replace(/\r$/, '');
}
