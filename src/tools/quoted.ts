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

/** Control characters, which a terminal would obey, are taken out. */
function unmarked(text: string): string {
  return text.replaceAll(/<(?=\/?\s*(?:message|memory|task)\b)/gi, '&lt;').replaceAll(CONTROL, '');
}

function plain(value: string): string {
  return value.replaceAll(/["<>\n\r]/g, ' ').replaceAll(CONTROL, '');
}

// eslint-disable-next-line no-control-regex -- they are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Cut where it is long; the whole is had by asking for it. */
export function short(text: string, charsMax: number, more: string): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax).trimEnd()}… (${more})`;
}
