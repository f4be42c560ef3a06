/** A store whose transactions go through other hands, for what else happens in and around them. */
import type { Store } from '../../src/store/db.ts';

export function inOtherHands(store: Store, transaction: Store['transaction']): Store {
  const { engine, dialect, wakeup, read } = store;
  return {
    engine,
    dialect,
    wakeup,
    read,
    transaction,
    counts: () => store.counts(),
    close: () => store.close(),
  };
}
