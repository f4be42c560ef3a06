/** What checks print, made fit to be kept and shown. */
import { stripVTControlCharacters } from 'node:util';

/**
 * What a terminal would show, as plain text: people and models read it later, and in a terminal it
 * must not move the cursor or hide a line.
 */
export function readable(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r+\n?/g, '\n')
      // oxlint-disable-next-line no-control-regex -- those are what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
      .toWellFormed()
  );
}
