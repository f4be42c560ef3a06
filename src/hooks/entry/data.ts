/**
 * Text of other agents, on its way to a model: wrapped as data, with whose it is. The wrapper's own
 * signs are escaped in it, so that it cannot end the wrapper, and what no one can see is shown.
 */
const HIDDEN = /(?![\t\n])[\p{Cc}\p{Cf}]/gu;
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
