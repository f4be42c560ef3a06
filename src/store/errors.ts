/**
 * How a store says no. The hub maps these classes to its own codes; the driver's error stays inside
 * as `cause`.
 *
 * A statement is named by its text, never by its values: they may hold secrets.
 */

/** The base of all refusals of a store; itself it means a mistake in a statement or in its use. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  /** The text of the statement at fault, when there was one. */
  readonly statement: string | undefined;

  constructor(message: string, from: { statement?: string | undefined; cause?: unknown } = {}) {
    const { statement, cause } = from;
    const named = statement === undefined ? message : `${message} (in: ${shorten(statement)})`;
    super(named, cause === undefined ? undefined : { cause });
    this.statement = statement;
  }
}

/** The database sorts text by the rules of a language, and cursors over ids would skip rows. */
export class StoreOrderError extends StoreError {
  override readonly name = 'StoreOrderError';
}

/** No room on the disk. Nothing was written; it works again once there is space. */
export class StoreFullError extends StoreError {
  override readonly name = 'StoreFullError';
}

/**
 * The database cannot be reached or is busy; trying again later makes sense. When it is met by a
 * transaction's COMMIT over a lost connection, whether it was written is not known: that is what
 * idempotency keys are for.
 */
export class StoreUnavailableError extends StoreError {
  override readonly name = 'StoreUnavailableError';
}

/** A unique, foreign key, not-null or check constraint refused the statement. */
export class StoreConstraintError extends StoreError {
  override readonly name = 'StoreConstraintError';
}

/** What lies there is damaged, not ours, or made by a newer version. Only a human can mend it. */
export class StoreDamagedError extends StoreError {
  override readonly name = 'StoreDamagedError';
}

/** Another process works on this database file. */
export class StoreInUseError extends StoreError {
  override readonly name = 'StoreInUseError';
}

function shorten(statement: string): string {
  const line = statement.replace(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 297)}...`;
}
