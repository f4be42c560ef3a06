/**
 * The last part of what a check prints, in a fixed amount of memory. The end is what is kept: there
 * a failing command says why it failed.
 */
import { stripVTControlCharacters } from 'node:util';

export class OutputTail {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** All that was printed, kept or not. */
  get totalBytes(): number {
    return this.#total;
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length;
    this.#kept += chunk.length;
    this.#chunks.push(chunk);
    // Many small pieces would cost more in bookkeeping than in text.
    if (this.#kept > 2 * this.#bytesMax || this.#chunks.length > 1_000) this.#compact();
  }

  text(): string {
    this.#compact();
    const cut = this.#total - this.#kept;
    const text = readable(Buffer.concat(this.#chunks).toString('utf8'));
    return cut === 0 ? text : `[the first ${cut} bytes are not kept]\n${text}`;
  }

  #compact(): void {
    const all = Buffer.concat(this.#chunks);
    // A copy, so that the large buffer that it was cut from is not held by it.
    const tail = Buffer.from(all.subarray(Math.max(0, all.length - this.#bytesMax)));
    this.#chunks = [tail];
    this.#kept = tail.length;
  }
}

/**
 * What a terminal would show, as plain text: people and models read it later, and in a terminal it
 * must not move the cursor or hide a line.
 */
export function readable(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r+\n?/g, '\n')
      // oxlint-disable-next-line no-control-regex -- those are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
      .toWellFormed()
  );
}

/** The end of a text that is too long, with a line that says so. */
export function lastChars(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const note = '[the beginning is not kept]\n';
  return (note + text.slice(note.length - charsMax)).toWellFormed();
}
