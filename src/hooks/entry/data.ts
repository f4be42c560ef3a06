/**
 * Text of other agents, on its way to a model: wrapped as data, with whose it is. The wrapper's own
 * signs are escaped in it, so that it cannot end the wrapper, and what no one can see is shown.
 */
const HIDDEN = /(?![\t\n])[\p{Cc}\p{Cf}]/gu;
const PATH = /^[^"<>\p{C}\p{Z}]+$/u;
const PATH_CHARS_MAX = 200;
const UNSAFE = /[<>\p{C}\u2028\u2029]/gu;
const WRAPPERS = /<(?=\/?\s*(message|memory|task|reason)\b)/gi;

export interface Foreign {
  kind: 'message' | 'memory' | 'reason';
  /** Whose it is, and what else is known of it. */
  facts: Readonly<Record<string, string>>;
  content: string;
  charsMax: number;
}

export function asData({ kind, facts, content, charsMax }: Foreign): string {
  const words = Object.entries(facts).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  const plain = clipped(shown(content), charsMax).replaceAll(WRAPPERS, '&lt;');
  return `<${kind}${words.join('')} untrusted>${plain}</${kind}>`;
}

/** A path that somebody chose: as it is where it reads like one, else as JSON, as the hub does. */
export function pathInWords(path: string): string {
  const isWhole = path.length <= PATH_CHARS_MAX;
  if (isWhole && PATH.test(path)) return path;
  const text = isWhole ? path : `${path.slice(0, PATH_CHARS_MAX)}…`;
  return JSON.stringify(text).replaceAll(UNSAFE, asUnits);
}

function asUnits(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, index) => sign.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

export function clipped(content: string, charsMax: number): string {
  const signs = Array.from(content.trim());
  return signs.length <= charsMax ? signs.join('') : `${signs.slice(0, charsMax).join('')} …`;
}

function escaped(value: string): string {
  const plain = shown(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return plain.replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\n', ' ');
}

function shown(text: string): string {
  return text.replace(HIDDEN, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
}

/** `2026-11-21 12:30 UTC`: the same wherever the agent runs. */
export function timeInWords(timeMs: number): string {
  const time = new Date(timeMs);
  if (Number.isNaN(time.getTime())) return 'an unknown time';
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
