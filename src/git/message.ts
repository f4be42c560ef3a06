/** Commit messages with trailers. Pure: a user's `trailer.*` configuration plays no part. */

const TRAILER = /^[A-Za-z0-9-]+: \S/;

/**
 * The message with `Key: value` lines at its end. A last paragraph that is all trailers is gone on
 * with. Line ends in a value become spaces; a trailer without value is left out.
 */
export function messageWithTrailers(
  message: string,
  trailers: Readonly<Record<string, string>>,
): string {
  const text = message.replaceAll('\0', '').replace(/\r\n?/g, '\n').trim() || 'Changes';
  const lines = Object.entries(trailers).flatMap(([key, value]) => trailerLine(key, value));
  if (lines.length === 0) return `${text}\n`;
  const paragraphs = text.split(/\n{2,}/);
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  const goesOn = last !== '' && last.split('\n').every((line) => TRAILER.test(line));
  return `${text}${goesOn ? '\n' : '\n\n'}${lines.join('\n')}\n`;
}

function trailerLine(key: string, value: string): string[] {
  const clean = value.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  const name = key.replace(/[^A-Za-z0-9-]+/g, '-');
  return clean === '' ? [] : [`${name}: ${clean}`];
}

/** Of whose work a commit is; the same names wherever Signalbox commits. */
export function workTrailers(work: {
  taskId: string;
  attempt: number;
  agent: string;
}): Record<string, string> {
  return {
    'Signalbox-Task': work.taskId,
    'Signalbox-Attempt': String(work.attempt),
    'Signalbox-Agent': work.agent,
  };
}
