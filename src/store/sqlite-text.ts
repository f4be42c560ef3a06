/** What SQLite says, in our words; and what a statement's text says of its parameters. */
import {
  StoreConstraintError,
  StoreDamagedError,
  StoreError,
  StoreFullError,
  StoreUnavailableError,
} from './errors.ts';

/** Result codes from https://sqlite.org/rescode.html; the lower byte of an extended one. */
const CODES = { busy: 5, locked: 6, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14 };
const CONSTRAINT = 19;
const NOT_A_DATABASE = 26;

export function sqliteError(error: unknown, statement?: string): Error {
  const code = resultCode(error);
  if (error instanceof StoreError) return error;
  if (!(error instanceof Error)) return new StoreError(String(error));
  const from = { statement, cause: error };
  if ('code' in error && error.code === 'ERR_INVALID_STATE') {
    return new StoreUnavailableError('the store is closed', from);
  }
  switch (code) {
    case CODES.full:
      return new StoreFullError('the disk is full', from);
    case CODES.busy:
    case CODES.locked:
      return new StoreUnavailableError('the database is held by another program', from);
    case CODES.readonly:
    case CODES.ioerr:
    case CODES.cantopen:
      return new StoreUnavailableError(`the database file cannot be used: ${error.message}`, from);
    case CODES.corrupt:
    case NOT_A_DATABASE:
      return new StoreDamagedError(`the database is damaged or is none: ${error.message}`, from);
    case CONSTRAINT:
      return new StoreConstraintError(error.message, from);
    default:
      return new StoreError(error.message, from);
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof StoreError && resultCode(error.cause) === CODES.busy;
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

/**
 * Counts the parameters of a text, whatever their kind; what is quoted or a comment does not count.
 */
export function parameterCount(text: string): number {
  const bare = text.replace(/'[^']*'|"[^"]*"|--[^\n]*|\/\*[^]*?\*\//g, '');
  return bare.match(/\?|[:@$][A-Za-z0-9_]/g)?.length ?? 0;
}
