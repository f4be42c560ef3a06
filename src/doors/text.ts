/** Bytes from a wire as a JSON value, or a refusal that says what is wrong with them. */
import { limits, SignalboxError } from '../contract/index.ts';
import { parseBounded } from '../core/json.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

export function parseJson(bytes: Uint8Array): unknown {
  return parseText(decode(bytes));
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new SignalboxError('invalid_input', 'the text is not UTF-8', {
      hint: 'Send JSON in UTF-8.',
    });
  }
}

export function parseText(text: string): unknown {
  const parsed = parseOrRefuse(text);
  if (parsed !== undefined) return parsed.value;
  throw new SignalboxError('invalid_input', `the JSON nests deeper than ${limits.nestingMax}`, {
    hint: 'Send flatter JSON: no operation needs more than a few levels.',
  });
}

function parseOrRefuse(text: string): { value: unknown } | undefined {
  try {
    return parseBounded(text, limits.nestingMax);
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 200) : 'not JSON';
    throw new SignalboxError('invalid_input', `the text is not JSON: ${why}`, {
      hint: 'Send one JSON object.',
    });
  }
}
