/** How many columns of a terminal a text takes, and texts of a wanted width. */
const NARROW = /^[ -~]*$/;
const NONE = /\p{Mark}|[\u{200b}-\u{200d}]|\u{fe0f}/u;
const EMOJI = /\p{Emoji_Presentation}/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

export function textWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const sign of text) width += signWidth(sign);
  return width;
}

export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** Cuts what is too wide, and shows that it did. */
export function fitted(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const sign of text) {
    width += signWidth(sign);
    if (width > columns) break;
    kept += sign;
  }
  return `${kept}…`;
}

const ESCAPE = String.fromCharCode(27);
const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`);
const COLOURS = new RegExp(COLOUR, 'g');
/** What puts the colour, or the weight, back to what it was. */
const ENDS = /\[(?:0|22|39)m$/;
const RESET = `${ESCAPE}[0m`;

/** The same for a text with colours in it, which end with it. */
export function clipped(line: string, columns: number): string {
  let room = columns;
  let isColoured = false;
  let kept = '';
  for (const part of line.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      isColoured = true;
      kept += part;
    } else if (textWidth(part) <= room) {
      room -= textWidth(part);
      kept += part;
    } else {
      return `${kept}${room > 0 ? fitted(part, room) : ''}${isColoured ? `${ESCAPE}[0m` : ''}`;
    }
  }
  return kept;
}

/**
 * A line with colours in it as lines that fit, broken between words and indented below the first
 * one. A word that is wider than a line is broken where it must be.
 */
export function wrapped(line: string, columns: number): string[] {
  const plain = line.replaceAll(COLOURS, '');
  if (textWidth(plain) <= columns) return [line];
  const start = plain.length - plain.trimStart().length;
  const indent = ' '.repeat(Math.min(start + 2, Math.floor(columns / 2)));
  const lines: string[] = [];
  let colours: string[] = [];
  let text = '';
  let width = 0;
  let gap = '';
  const breakLine = (): void => {
    lines.push(`${text}${colours.length > 0 ? RESET : ''}`);
    [text, width, gap] = [`${indent}${colours.join('')}`, indent.length, ''];
  };
  const addWord = (word: string): void => {
    const isFirst = width <= indent.length && lines.length > 0;
    if (width + gap.length + textWidth(word) > columns && !isFirst && width > start) breakLine();
    text += gap;
    width += gap.length;
    gap = '';
    for (const sign of word) {
      if (width + signWidth(sign) > columns) breakLine();
      text += sign;
      width += signWidth(sign);
    }
  };
  for (const part of line.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) {
      colours = ENDS.test(part) ? [] : [...colours, part];
      text += part;
      continue;
    }
    for (const piece of part.split(/( +)/)) {
      if (piece.startsWith(' ')) gap += piece;
      else if (piece !== '') addWord(piece);
    }
  }
  return [...lines, text];
}

function signWidth(sign: string): number {
  if (NONE.test(sign)) return 0;
  return WIDE.test(sign) || EMOJI.test(sign) ? 2 : 1;
}
