/** The steps of a join: each is seen to go on, and what came of it stays. */
import { step, type Steps } from '../demo/steps.ts';
import type { Context } from '../context.ts';

export interface Join extends Steps {
  context: Context;
  url: string;
  stop: AbortSignal;
  /** What was done, for those who read JSON. */
  done: { step: string; outcome: string }[];
}

export function take(
  given: Join,
  [name, words]: readonly [name: string, words: string],
  work: () => Promise<string>,
): Promise<void> {
  return step<void>(
    given,
    () => words,
    async () => {
      given.stop.throwIfAborted();
      const outcome = await work();
      given.done.push({ step: name, outcome });
      return { result: undefined, outcome };
    },
  );
}
