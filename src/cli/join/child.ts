/** A program that is started to see whether it answers, and is ended in any case. */
import { spawn } from 'node:child_process';
import { extname, join } from 'node:path';
import { SignalboxError } from '../../contract/index.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Env } from '../place/places.ts';

export const MAIN = join(import.meta.dirname, `../main${extname(import.meta.filename)}`);
const CHARS_MAX = 200_000;

export interface Trial {
  /** What it is, in the words of a refusal. */
  what: string;
  args: readonly string[];
  env: Env;
  cwd: string;
  /** Given to it line by line; its input is closed when it has said enough. */
  stdin: string;
  timeoutMs: number;
  stop: AbortSignal;
  /** Has it said enough? Without this it ends by itself. */
  isEnough?: (stdout: string) => boolean;
}

/** Answers what it printed; throws where it fails, or says too little for too long. */
export function tryProgram(trial: Trial): Promise<string> {
  const { what, args, env, cwd, stdin, timeoutMs, stop, isEnough } = trial;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
    const child = spawn(process.execPath, args, { env: { ...env }, cwd, signal });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-CHARS_MAX);
      if (isEnough?.(stdout) === true) child.stdin.end();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-CHARS_MAX);
    });
    child.stdin.on('error', () => {});
    child.stdin.write(stdin);
    if (isEnough === undefined) child.stdin.end();
    let trouble = '';
    child.once('error', ({ message }) => (trouble = message));
    child.once('close', (code) => {
      if (stop.aborted) return reject(asError(stop.reason));
      const isFine = code === 0 && trouble === '' && isEnough?.(stdout) !== false;
      if (isFine) return resolve(stdout);
      const said = lastWords(stderr) || lastWords(stdout) || trouble || `exit code ${code}`;
      const message = `${what} does not answer: ${harmlessLine(said)}`;
      const hint = 'See `signalbox doctor`; running the same line again goes on from here.';
      reject(new SignalboxError('unavailable', message, { hint }));
    });
  });
}

function lastWords(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
