/** What went wrong: words on stderr, and an exit code from the one table. */
import { inspect } from 'node:util';
import { errorTable, SignalboxError } from '../contract/errors.ts';
import { harmless } from './terminal/harmless.ts';
import type { Output } from './terminal/output.ts';
import type { Env } from './place/places.ts';

const UNFIT_KINDS = ['bad_name', 'not_bare', 'not_found', 'empty'];

/** Says it, and answers the exit code. */
export function fail(error: unknown, output: Output, env: Env): number {
  const known = toSignalboxError(error);
  if ((env['SIGNALBOX_DEBUG'] ?? '') !== '') output.note(inspect(error));
  const body = known.toBody();
  if (output.isJson) {
    output.note(JSON.stringify(body));
  } else {
    output.note(harmless(body.message), 'error');
    output.note(harmless(body.hint), 'hint');
  }
  return errorTable[known.code].exit;
}

export function toSignalboxError(error: unknown): SignalboxError {
  if (error instanceof SignalboxError) return error;
  if (!(error instanceof Error)) return defect(error, String(error));
  return isGitTrouble(error) ? gitTrouble(error) : defect(error, error.message);
}

interface GitTrouble extends Error {
  kind: string;
  hint: string | null;
}

/** By its shape, so that no command loads git's runner for an error that it cannot meet. */
function isGitTrouble(error: Error): error is GitTrouble {
  return error.name === 'GitError' && 'kind' in error && 'hint' in error;
}

function gitTrouble(error: GitTrouble): SignalboxError {
  const code = UNFIT_KINDS.includes(error.kind) ? 'invalid_input' : 'unavailable';
  const hint = error.hint ?? 'See `signalbox doctor`.';
  return new SignalboxError(code, error.message, { hint, cause: error });
}

function defect(cause: unknown, message: string): SignalboxError {
  return new SignalboxError('internal', message, {
    hint: 'This is a defect of the command line; SIGNALBOX_DEBUG=1 shows where it happened.',
    cause,
  });
}
