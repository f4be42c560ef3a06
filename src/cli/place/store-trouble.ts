/** Why a hub cannot open its data: this machine is in the way, it is no defect of ours. */
import { SignalboxError } from '../../contract/errors.ts';
import type { HubState } from './config.ts';

export interface StorePlace {
  dataDir: string;
  databaseUrl: string | undefined;
  /** The hub that has left its word in the data folder. */
  other: HubState | undefined;
}

type Code = 'invalid_input' | 'storage_full' | 'unavailable';

/** The error in words with a way out, or as it came where it is none of these. */
/** PostgreSQL sorts a whole database as it was told when it was made. */
const BY_BYTES = "create database signalbox template template0 encoding 'UTF8' locale 'C'";

export function storeTrouble(error: unknown, place: StorePlace): unknown {
  const { dataDir, databaseUrl, other } = place;
  if (!(error instanceof Error)) return error;
  const refusal = (code: Code, hint?: string) =>
    new SignalboxError(code, error.message, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  const isFile = databaseUrl === undefined;
  // By name: the border of the store is its port, and its classes stand behind it.
  switch (error.name) {
    case 'StoreFullError':
      return refusal('storage_full');
    case 'StoreInUseError':
      return refusal('unavailable', inUseHint(other));
    case 'StoreOrderError':
      return refusal('invalid_input', `Make another: ${BY_BYTES}`);
    case 'StoreDamagedError': {
      const what = isFile ? dataDir : 'this database';
      return refusal('unavailable', `Nothing was changed. A backup can take the place of ${what}.`);
    }
    case 'StoreUnavailableError':
      if (!isFile) return refusal('unavailable', 'See that PostgreSQL runs and can be reached.');
      return refusal('unavailable', 'See that this user may write there, on a local disk.');
    case 'StoreError':
      if (!isFile) return error;
      return refusal('unavailable', 'See that this user may write there, on a local disk.');
    default:
      if (!('syscall' in error)) return error;
      return refusal('invalid_input', 'Give a folder that this user may write to.');
  }
}

function inUseHint(other: HubState | undefined): string {
  if (other === undefined) return 'See `signalbox status`, or give another folder with --data.';
  const { url, pid } = other;
  return `It answers at ${url} (process ${pid}): use it, end it, or give another --data.`;
}
