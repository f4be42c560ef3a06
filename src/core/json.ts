/** JSON from outside: bounded in depth before it is parsed, because deep nesting is an attack. */

/** Undefined where the text nests deeper than the bound; throws SyntaxError where it is no JSON. */
export function parseBounded(text: string, depthMax: number): { value: unknown } | undefined {
  if (depthOf(text, depthMax) > depthMax) return undefined;
  const value: unknown = JSON.parse(text);
  return { value };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How deep brackets nest outside of strings; counting stops once the bound is passed. */
function depthOf(text: string, depthMax: number): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let index = 0; index < text.length && deepest <= depthMax; index++) {
    const code = text.charCodeAt(index);
    if (isInString) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    // `[` and `{` differ in one bit, and so do `]` and `}`.
    else if ((code | 0x20) === 0x7b) deepest = Math.max(deepest, ++depth);
    else if ((code | 0x20) === 0x7d) depth--;
  }
  return deepest;
}

/** Undefined where the text is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As JSON may write it inside of a string: it means the same, and nothing obeys it. */
export function jsonEscaped(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, index) => sign.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
