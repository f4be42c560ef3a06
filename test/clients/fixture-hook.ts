/**
 * A hook that keeps what it was given (its event, its environment, its standard input) as one line
 * of a file, and then does what the file `EVENT.json` beside that one says, once, if it is there.
 *
 * Usage: node fixture-hook.ts LOG EVENT
 */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface HookAnswer {
  exitCode?: number;
  stdout?: string;
  stderr?: string;
}

const [, , log = '', event = ''] = process.argv;
const stdin = await text(process.stdin);
appendFileSync(log, `${JSON.stringify({ event, env: process.env, stdin })}\n`);
const file = join(dirname(log), `${event}.json`);
const answer: HookAnswer = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
rmSync(file, { force: true });
process.stdout.write(answer.stdout ?? '');
process.stderr.write(answer.stderr ?? '');
process.exitCode = answer.exitCode ?? 0;
