/**
 * A log that never grows without bound: a file, and the few before it as `FILE.1`, `FILE.2`, ….
 *
 * It does no harm. A line that cannot be written (a full disk, a folder that is gone) is counted
 * and left out, and the next one that can be says how many are missing. Where the old files cannot
 * be moved on nothing is written, because else the bound would not hold. The file is opened for
 * each line, so that whoever moves or deletes it is no trouble.
 */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import { hasCode } from '../place/config.ts';
import { makeFolder } from '../place/make-folder.ts';

const MiB = 2 ** 20;
const LINE_CHARS_MAX = 8_000;

export interface LogOptions {
  file: string;
  /** The most that one file holds. */
  bytesMax?: number;
  /** How many files there are at most, with the one that is written to. */
  filesMax?: number;
}

export interface RotatedLog {
  line: (text: string) => void;
}

/** Refuses a file that cannot be written at the start. */
export async function openRotatedLog(options: LogOptions): Promise<RotatedLog> {
  const { file, bytesMax = 5 * MiB, filesMax = 5 } = options;
  await makeFolder(dirname(file));
  try {
    closeSync(openForLines(file));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('invalid_input', `${file} cannot be written: ${reason}`, {
      hint: 'Give --log a file that this user may write.',
      cause,
    });
  }
  let lost = 0;
  return {
    line(text) {
      // What came before may have been cut in the middle.
      const missing = lost === 0 ? '' : `\n… ${lost} lines could not be written\n`;
      const bytes = Buffer.from(`${missing}${text.slice(0, LINE_CHARS_MAX)}\n`);
      try {
        append({ file, bytesMax, filesMax }, bytes);
        lost = 0;
      } catch {
        lost += 1;
      }
    },
  };
}

function append(options: Required<LogOptions>, bytes: Buffer): void {
  const { file, bytesMax } = options;
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0 && size + bytes.length > bytesMax) moveOn(options);
  const handle = openForLines(file);
  try {
    if (writeSync(handle, bytes) < bytes.length) throw new Error('the disk took half a line');
  } finally {
    closeSync(handle);
  }
}

function openForLines(file: string): number {
  return openSync(file, 'a', 0o600);
}

function moveOn({ file, filesMax }: Required<LogOptions>): void {
  const numbered = (number: number): string => (number === 0 ? file : `${file}.${number}`);
  if (filesMax === 1) return rmSync(file);
  for (let number = filesMax - 2; number >= 0; number--) {
    try {
      renameSync(numbered(number), numbered(number + 1));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
}
