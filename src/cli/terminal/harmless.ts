/**
 * Text that others wrote, made safe to print. A title or a log could hold escape sequences that
 * move the cursor, retitle the window or answer in the user's name, or signs that turn the
 * direction of writing around. They are shown as signs that can be seen. Colours are dropped.
 */
import { jsonEscaped } from '../../core/json.ts';

const ESCAPE = String.fromCharCode(27);
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;:]*m`, 'g');
/** Splits into what lies between colours, and the colours. */
const COLOURED = new RegExp(`(${ESCAPE}\\[[0-9;:]*m)`);
const CONTROL = /\p{Cc}/gu;
/** Turns writing around, ends a line, or hides text: seen by machines and not by people. */
const HIDDEN = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** Keeps lines and tabs. */
export function harmless(text: string): string {
  return harmlessIn(text.replaceAll(COLOUR, '').replaceAll(/\r\n?/g, '\n'));
}

function harmlessIn(text: string): string {
  return text
    .replaceAll(CONTROL, (sign) => (sign === '\n' || sign === '\t' ? sign : picture(sign)))
    .replaceAll(HIDDEN, escaped);
}

/** The same on one line, for tables and lists. */
export function harmlessLine(text: string): string {
  return harmless(text)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ⏎ ')
    .replaceAll('\t', ' ');
}

/**
 * What is about to be written. Colours in it are our own by now; any other control sign would be of
 * somebody who put it into an id or a name.
 */
export function printable(text: string): string {
  return text
    .split(COLOURED)
    .map((part, index) => (index % 2 === 1 ? part : harmlessIn(part)))
    .join('');
}

/** JSON means the same with these signs escaped, and only strings can hold them. */
export function harmlessJson(json: string): string {
  return json
    .replaceAll(CONTROL, (sign) => (sign === '\n' ? sign : jsonEscaped(sign)))
    .replaceAll(HIDDEN, jsonEscaped);
}

/** Unicode has a picture for each of the old control characters. */
function picture(sign: string): string {
  const code = sign.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? '␡' : escaped(sign);
}

function escaped(sign: string): string {
  return `\\u{${sign.codePointAt(0)?.toString(16)}}`;
}
