/** The file of a batch: its text, bounded and checked, and how its kind is told. */
import { open } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { bytesInWords } from '../words/time.ts';

export interface Source {
  /** As errors name it. */
  name: string;
  /** What paths in it are relative to. */
  folder: string;
  text: string;
  /** One task a line. */
  isLines: boolean;
}

const LINES = new Set(['.jsonl', '.ndjson']);

export async function readSource(context: Context, name: string): Promise<Source> {
  if (name === '-') {
    const text = await context.readStdin();
    const bytes = Buffer.from(text);
    if (bytes.length > limits.batchFileBytesMax) throw tooLarge('stdin');
    // What was no UTF-8 has become this sign already.
    if (text.includes('\uFFFD')) throw notText('stdin');
    return {
      name: 'stdin',
      folder: context.cwd,
      text: plain('stdin', bytes),
      isLines: isLines(text),
    };
  }
  const path = resolve(context.cwd, name);
  const text = plain(name, await readBounded(path, name, limits.batchFileBytesMax));
  return { name, folder: dirname(path), text, isLines: LINES.has(extname(name).toLowerCase()) };
}

/** A stream has no name: several lines, each of which is JSON by itself, are one task each. */
function isLines(text: string): boolean {
  const lines = text.split('\n', 1_000).filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.slice(0, 2).every((line) => isObject(line));
}

function isObject(line: string): boolean {
  try {
    return line.trimStart().startsWith('{') && typeof JSON.parse(line) === 'object';
  } catch {
    return false;
  }
}

/** No more than the bound is ever held; a pipe or a device has no size to ask for. */
export async function readBounded(path: string, name: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, end: bytesMax })) {
      if (!Buffer.isBuffer(chunk)) continue;
      chunks.push(chunk);
      bytes += chunk.length;
    }
    if (bytes > bytesMax) throw tooLarge(name, bytesMax);
    return Buffer.concat(chunks);
  } catch (cause) {
    throw cause instanceof SignalboxError ? cause : unreadable(name, cause);
  } finally {
    await file.close();
  }
}

export function plain(name: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // The refusal below says it.
  }
  throw notText(name);
}

function unreadable(name: string, cause: unknown): SignalboxError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new SignalboxError('not_found', `${name} cannot be read${reason}`, {
    hint: 'Give the path of a file that is there; `-` reads stdin.',
    cause,
  });
}

function tooLarge(name: string, bytesMax: number = limits.batchFileBytesMax): SignalboxError {
  return new SignalboxError('too_large', `${name} has more than ${bytesInWords(bytesMax)}`, {
    hint: 'Nothing was submitted. Make several files of it, or of long bodies.',
  });
}

function notText(name: string): SignalboxError {
  return new SignalboxError('invalid_input', `${name} is no text in UTF-8`, {
    hint: 'Give a text file: YAML, JSON, or one JSON object a line.',
  });
}
