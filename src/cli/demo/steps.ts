/** Something that takes a moment: it is seen to go on, and its outcome stays as a line. */
import type { Clock } from '../../core/clock.ts';
import type { Output } from '../terminal/output.ts';
import { spinner } from './board.ts';
import type { Screen } from '../terminal/screen.ts';

const TICK_MS = 100;
/** Where nothing can be drawn in place, a longer wait is announced. */
const PATIENCE_MS = 1_000;

export interface Steps {
  screen: Screen;
  output: Output;
  clock: Clock;
}

/** Calls now and again and again. Returns a function that stops it. */
export function repeatedly(clock: Clock, call: (tick: number) => void): () => void {
  let cancel = (): void => {};
  const next = (tick: number): void => {
    call(tick);
    cancel = clock.after(TICK_MS, () => next(tick + 1));
  };
  next(0);
  return () => cancel();
}

/** `words` say what is going on, also while it changes; `outcome` what came of it. */
export async function step<Result>(
  { screen, output, clock }: Steps,
  words: () => string,
  work: () => Promise<{ result: Result; outcome: string }>,
): Promise<Result> {
  const end = screen.isLive
    ? repeatedly(clock, (tick) => {
        screen.draw([`  ${output.paint('cyan', spinner(tick))} ${words()}`]);
      })
    : clock.after(PATIENCE_MS, () => screen.say(`  ${words()} …`));
  try {
    const { result, outcome } = await work();
    screen.replace(`  ${output.paint('green', output.isTty ? '✓' : '-')} ${outcome}`);
    return result;
  } catch (error) {
    screen.settle();
    throw error;
  } finally {
    end();
  }
}
