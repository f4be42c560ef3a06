/** Why something waits: the facts, who holds them, until when, and what would free it. */
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { fields } from '../terminal/layout.ts';
import { theOne } from '../terminal/paging.ts';
import { stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function why(context: Context): Promise<void> {
  const { output, clock } = context;
  const hub = await context.hub();
  const answer = await hub.why({ id: theOne(context) });
  const nowMs = clock.nowMs();
  const untilWords = (untilMs: number, holder: string | null): string =>
    [timeInWords(untilMs, nowMs), holder === null ? null : endOf(answer)]
      .filter((words) => words !== null)
      .join(', ');
  output.give(answer, () => [
    `${stateWord(output, answer.state)}  ${answer.kind} ${answer.id}`,
    harmlessLine(answer.summary),
    ...answer.facts.flatMap(({ fact, holder, untilMs, frees }) => [
      '',
      `${output.isTty ? '• ' : '- '}${harmlessLine(fact)}`,
      ...fields(output, [
        ['  held by', holder === null ? undefined : harmlessLine(holder)],
        ['  until', untilMs === null ? undefined : untilWords(untilMs, holder)],
        ['  freed by', harmlessLine(frees)],
      ]),
    ]),
  ]);
}

/**
 * Whoever holds something has it for a time, which is the end of it only if nothing is heard. What
 * keeps a schedule back is a task, and a notice waits for the webhook that it is for: the time is
 * that of the next run or try, and no end of a lease.
 */
function endOf({ kind, state }: { kind: string; state: string }): string | null {
  if (kind === 'schedule' || kind === 'notice') return null;
  return state === 'offered'
    ? 'when the offer lapses'
    : 'when its lease ends, unless it is renewed';
}
