/** Why a hub cannot open its data: what lies on this machine is in the way, not a defect of ours. */
import { SignalboxError } from '../contract/errors.ts';
import {
  StoreDamagedError,
  StoreError,
  StoreFullError,
  StoreInUseError,
  StoreUnavailableError,
} from '../store/errors.ts';

export interface StorePlace {
  dataDir: string;
  databaseUrl: string | undefined;
}

/** The error in words with a way out, or as it came where it is none of these. */
export function storeTrouble(error: unknown, { dataDir, databaseUrl }: StorePlace): unknown {
  if (!(error instanceof Error)) return error;
  const { message } = error;
  const refuse = (code: 'invalid_input' | 'storage_full' | 'unavailable', hint?: string) =>
    new SignalboxError(code, message, { cause: error, ...(hint === undefined ? {} : { hint }) });
  if (error instanceof StoreFullError) return refuse('storage_full');
  if (error instanceof StoreInUseError) {
    return refuse(
      'unavailable',
      'See `signalbox status`, or give a folder of its own with --data.',
    );
  }
  if (error instanceof StoreDamagedError) {
    const what = databaseUrl === undefined ? dataDir : 'this database';
    return refuse('unavailable', `Nothing was changed. Put a backup in the place of ${what}.`);
  }
  if (databaseUrl !== undefined) {
    if (!(error instanceof StoreUnavailableError)) return error;
    return refuse('unavailable', 'See that PostgreSQL runs and can be reached at this address.');
  }
  if (error instanceof StoreError) {
    return refuse('unavailable', 'See that this user may write there and that it is a local disk.');
  }
  if (!('syscall' in error)) return error;
  return refuse('invalid_input', 'Give a folder that this user may write to with --data.');
}
