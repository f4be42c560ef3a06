/** A new code: five random bits a character, which makes a hundred. */
import { INVITE_ALPHABET, INVITE_CODE_CHARS } from '../../contract/index.ts';
import type { Random } from '../../core/random.ts';

export function newCode(random: Random): string {
  const bytes = random.bytes(INVITE_CODE_CHARS);
  return Array.from(bytes, (byte) => INVITE_ALPHABET[byte & 31]).join('');
}

/** `7KQ2-M9XD-4T1R-0ZPA-6WCE`: as people read and type it. */
export function shownCode(code: string): string {
  return code.replace(/.{4}(?=.)/g, '$&-');
}
