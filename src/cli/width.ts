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

function signWidth(sign: string): number {
  if (NONE.test(sign)) return 0;
  return WIDE.test(sign) || EMOJI.test(sign) ? 2 : 1;
}
