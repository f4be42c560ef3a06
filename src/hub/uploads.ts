/** How many uploads one agent may have under way: each holds a file and, with it, disk. */
import { limits, SignalboxError } from '../contract/index.ts';

export class Uploads {
  readonly #counts = new Map<string, number>();

  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(key) ?? 0;
    if (count >= limits.uploadsAtOnceMax) {
      throw new SignalboxError('rate_limited', `${count} uploads of yours are under way`, {
        hint: 'Wait for one of them to end.',
        retryAfterMs: 1_000,
      });
    }
    this.#counts.set(key, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }
}
