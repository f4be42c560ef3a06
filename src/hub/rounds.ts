/** Work that is done again and again until the hub closes. One round that fails does not end it. */
import type { Clock } from '../core/clock.ts';

export class Rounds {
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #ended = new AbortController();
  readonly #going: Promise<void>[] = [];

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  begin(everyMs: number, work: () => Promise<void>): void {
    this.#going.push(this.#repeat(everyMs, work));
  }

  /** Waits for the rounds under way. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#going);
  }

  async #repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await work().catch(this.#onError);
      await this.#clock.sleep(everyMs, signal);
    }
  }
}
