/**
 * JSON as text with places: where each value begins and ends. So a file of somebody else is changed
 * only where it must be, and every other byte stays: order, spaces, and numbers as they were
 * written. It takes strict JSON and nothing else.
 */
import { SignalboxError } from '../contract/index.ts';

export type Json = string | number | boolean | null | readonly Json[] | { [key: string]: Json };

export interface Span {
  start: number;
  end: number;
}
export interface Member extends Span {
  key: string;
  value: Node;
}
export type Node =
  | (Span & { kind: 'object'; members: Member[] })
  | (Span & { kind: 'array'; items: Node[] })
  | (Span & { kind: 'scalar' });

const DEPTH_MAX = 200;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** `file` is for the words of a refusal. */
export function parseJson(text: string, file: string): Node {
  const reader = new Reader(text, file);
  return reader.whole();
}

export function textAt(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    if (text.startsWith('\uFEFF')) this.#at = 1;
  }

  whole(): Node {
    this.#space();
    const node = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#broken('something follows its end');
    return node;
  }

  #value(depth: number): Node {
    if (depth > DEPTH_MAX) throw this.#broken('it is nested too deeply');
    const sign = this.#text[this.#at];
    if (sign === '{') return this.#object(depth);
    if (sign === '[') return this.#array(depth);
    const start = this.#at;
    const form = sign === '"' ? STRING : WORD;
    form.lastIndex = start;
    const found = form.exec(this.#text)?.[0];
    if (found === undefined) throw this.#broken('a value is missing or not understood');
    this.#at += found.length;
    return { kind: 'scalar', start, end: this.#at };
  }

  #object(depth: number): Node {
    const start = this.#at;
    const members: Member[] = [];
    this.#list('}', () => {
      const from = this.#at;
      if (this.#text[from] !== '"') throw this.#broken('a name in quotes is missing');
      const key: unknown = JSON.parse(textAt(this.#text, this.#value(depth)));
      this.#space();
      this.#take(':');
      this.#space();
      const value = this.#value(depth + 1);
      members.push({ key: String(key), start: from, end: this.#at, value });
    });
    return { kind: 'object', start, end: this.#at, members };
  }

  #array(depth: number): Node {
    const start = this.#at;
    const items: Node[] = [];
    this.#list(']', () => items.push(this.#value(depth + 1)));
    return { kind: 'array', start, end: this.#at, items };
  }

  #list(close: string, child: () => void): void {
    this.#at++;
    this.#space();
    for (let count = 0; this.#text[this.#at] !== close; count++) {
      if (count > 0) {
        this.#take(',');
        this.#space();
      }
      child();
      this.#space();
    }
    this.#at++;
  }

  #take(sign: string): void {
    if (this.#text[this.#at] !== sign) throw this.#broken(`"${sign}" is missing`);
    this.#at++;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #broken(why: string): SignalboxError {
    const before = this.#text.slice(0, this.#at).split('\n');
    const line = before.length;
    const rest = this.#text.slice(this.#at);
    const isComment = /^(\/\/|\/\*|#)/.test(rest);
    const what = isComment ? 'a comment, which JSON does not have' : why;
    return new SignalboxError('invalid_input', `${this.#file}, line ${line}: ${what}.`, {
      hint: isComment
        ? 'It was left as it is. Take its comments out, or add the hooks by hand.'
        : 'It was left as it is. Correct that line and try again.',
    });
  }
}
