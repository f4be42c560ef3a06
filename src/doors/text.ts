/** Bytes from a wire as a JSON value, or a refusal that says what is wrong with them. */
import { limits, SignalboxError } from '../contract/index.ts';
import { parseBounded } from '../core/json.ts';

/** A wire that has a word of its own for this, as JSON-RPC has, tells it by the class. */
export class UnreadableText extends SignalboxError {
  constructor(message: string, hint: string) {
    super('invalid_input', message, { hint });
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

export function parseJson(bytes: Uint8Array): unknown {
  return parseText(decode(bytes));
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UnreadableText('the text is not UTF-8', 'Send JSON in UTF-8.');
  }
}

export function parseText(text: string): unknown {
  const parsed = parseOrRefuse(text);
  if (parsed !== undefined) return parsed.value;
  const hint = 'Send flatter JSON: no operation needs more than a few levels.';
  throw new UnreadableText(`the JSON nests deeper than ${limits.nestingMax}`, hint);
}

function parseOrRefuse(text: string): { value: unknown } | undefined {
  try {
    return parseBounded(text, limits.nestingMax);
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : 'not JSON';
    throw new UnreadableText(`the text is not JSON: ${why}`, 'Send one JSON object.');
  }
}
