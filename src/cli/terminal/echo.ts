/** Shows what somebody else's program prints, line by line, beside what we say ourselves. */
import { harmless } from './harmless.ts';
import type { Output } from './output.ts';

/** A program may print without a line end; it is shown in pieces then, and not collected. */
const LINE_CHARS_MAX = 2_000;

export interface Echo {
  push: (chunk: Uint8Array) => void;
  /** Shows what was begun and has no line end yet. */
  flush: () => void;
}

/** On stderr: stdout is for what the command line says itself. */
export function createEcho(output: Pick<Output, 'note'>): Echo {
  const decoder = new TextDecoder();
  let begun = '';
  const show = (line: string): void => output.note(`  │ ${harmless(line).trimEnd()}`);
  return {
    push(chunk) {
      const lines = (begun + decoder.decode(chunk, { stream: true })).split('\n');
      begun = lines.pop() ?? '';
      lines.forEach(show);
      if (begun.length <= LINE_CHARS_MAX) return;
      show(begun);
      begun = '';
    },
    flush() {
      if (begun !== '') show(begun);
      begun = '';
    },
  };
}
