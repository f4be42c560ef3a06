/** What PostgreSQL says, in our words; and how its values become those that SQLite would give. */
import {
  StoreConstraintError,
  StoreDamagedError,
  StoreError,
  StoreFullError,
  StoreUnavailableError,
} from './errors.ts';

/** SQLSTATE, from https://www.postgresql.org/docs/current/errcodes-appendix.html */
const RETRYABLE = new Set(['40001', '40P01']);
const DISK_FULL = '53100';
/** No connection, resources, cancelled by an operator or a timeout, a standby, a refused login. */
const UNAVAILABLE = ['08', '53', '57', '58', '28', '3D000', '25006', '25P03', '55P03'];
const CONSTRAINT = '23';
const CORRUPTED = ['XX001', 'XX002'];

export function postgresError(error: unknown, statement?: string): Error {
  if (error instanceof StoreError) return error;
  if (!(error instanceof Error)) return new StoreError(String(error));
  const from = { statement, cause: error };
  const state = sqlState(error);
  if (state === undefined) {
    return new StoreUnavailableError(`PostgreSQL cannot be reached: ${reason(error)}`, from);
  }
  if (state === DISK_FULL) return new StoreFullError('the disk of PostgreSQL is full', from);
  if (state.startsWith(CONSTRAINT)) return new StoreConstraintError(error.message, from);
  if (CORRUPTED.includes(state)) return new StoreDamagedError(error.message, from);
  if (UNAVAILABLE.some((start) => state.startsWith(start))) {
    return new StoreUnavailableError(`PostgreSQL is not available: ${error.message}`, from);
  }
  return new StoreError(error.message, from);
}

/** The transaction failed only for what others did at the same time. */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof StoreError)) return false;
  return RETRYABLE.has(sqlState(error.cause) ?? '');
}

/** What the server refused has a state of five characters; what the wire did has none. */
function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code } = error;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error
    ? code
    : undefined;
}

/** A failed connection to several addresses is an AggregateError without a message of its own. */
function reason(error: Error): string {
  if (error.message !== '') return error.message;
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name;
}

const BOOL = 16;
const BYTEA = 17;
/** int8, int2, int4, oid; and numeric, which a sum of int8 is. */
const EXACT_NUMBERS = new Set([20, 21, 23, 26, 1700]);
const FLOATS = new Set([700, 701]);

/** Types by their OID: numbers are numbers, booleans 0 and 1, bytes bytes, all else its text. */
export function parserOf(oid: number): (text: string) => unknown {
  if (EXACT_NUMBERS.has(oid)) return exactNumber;
  if (FLOATS.has(oid)) return Number;
  if (oid === BOOL) return (text) => (text === 't' ? 1 : 0);
  if (oid === BYTEA) return (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex'));
  return (text) => text;
}

function exactNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new StoreError(`the number ${text} is too large to be read exactly`);
  }
  return value;
}
