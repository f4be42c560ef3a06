/**
 * Text of other agents, as a model is to see it: between marks that name who wrote it, and with
 * nothing in it that looks like such a mark. It is data, and no instruction.
 */
export function quoted(
  mark: 'message' | 'memory' | 'task',
  about: Readonly<Record<string, string | null | undefined>>,
  text: string,
): string {
  const attributes = Object.entries(about)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}="${plain(value ?? '')}"`)
    .join('');
  return `<${mark}${attributes}>\n${unmarked(text)}\n</${mark}>`;
}

/** Taken out first: with them gone, the letters around one may be a mark. */
function unmarked(text: string): string {
  return text.replaceAll(UNSEEN, '').replaceAll(MARKS, '&lt;');
}

function plain(value: string): string {
  return value.replaceAll(/["<>\n\r]/g, ' ').replaceAll(UNSEEN, '');
}

const MARKS = /<(?=\/?\s*(?:message|memory|task|reason)\b)/gi;

/**
 * What no person sees, and a terminal or a model may obey. What joins letters and emoji into one
 * stays.
 */
const UNSEEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}]/gu;

/** Cut where it is long; the whole is had by asking for it. */
export function short(text: string, charsMax: number, more: string): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax).trimEnd()}… (${more})`;
}
