/**
 * How often in a row each change could not be dealt with, and for which cause. It is kept in
 * memory: a verifier that starts anew tries everything anew.
 */
import type { Strike, Verdict } from './verdict.ts';

const KEPT_MAX = 1_000;

type Kept = Omit<Strike, 'fraction'>;

const NONE: Kept = { count: 0, cause: null, reason: '', inARow: 0 };

export class Strikes {
  readonly #kept = new Map<string, Kept>();

  of(id: string): Kept {
    return this.#kept.get(id) ?? NONE;
  }

  keep(id: string, verdict: Verdict): void {
    const before = this.of(id);
    // A lease that was lost says nothing about the change.
    if (verdict.kind === 'leave' && verdict.cause === undefined) return;
    this.#kept.delete(id);
    if (verdict.kind !== 'release' && verdict.kind !== 'leave') return;
    if (verdict.kind === 'release' && verdict.retryInMs === 0) return;
    const { cause = null, reason } = verdict;
    const inARow = cause === before.cause ? before.inARow + 1 : 1;
    this.#kept.set(id, { count: before.count + 1, cause, reason, inARow });
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}
