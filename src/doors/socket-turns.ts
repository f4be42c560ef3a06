/**
 * What can bring much at once, queries and subscriptions, is done one after the other on a socket,
 * each when there is room for what it brings. Commands need no turn: their answers are small, and
 * they share their commits.
 */
import { operations } from '../contract/index.ts';
import type { SocketWire } from './socket-wire.ts';

const QUERIES: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap(({ name, kind }) => (kind === 'query' ? [name] : [])),
);

export function isQuery(operation: string): boolean {
  return QUERIES.has(operation);
}

export class SocketTurns {
  readonly #wire: SocketWire;
  #last: Promise<void> = Promise.resolve();

  constructor(wire: SocketWire) {
    this.#wire = wire;
  }

  /** Nothing is done any more where the socket has closed in the meantime. */
  take(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      if (await this.#wire.room()) await work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
