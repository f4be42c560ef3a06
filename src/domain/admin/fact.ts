/** Facts that more than one kind of answer tells. */
import { type Fact, SignalboxError } from '../../contract/index.ts';
import { FOREVER_MS } from '../agent/index.ts';
import { holdsOf } from '../budget/index.ts';
import type { QueryContext } from '../event/index.ts';

export function missing(fact: string, frees: string): Fact {
  return { fact, holder: null, untilMs: null, frees };
}

/** What keeps new work from an agent, or from the whole project. */
export async function factsOfHold(context: QueryContext, subject: string): Promise<Fact[]> {
  const holds = await holdsOf(context, subject);
  return holds.map(({ reason, untilMs, frees }) => ({
    fact: reason,
    holder: null,
    untilMs: untilMs < FOREVER_MS ? untilMs : null,
    frees,
  }));
}

export function unknown(id: string): SignalboxError {
  const message = `there is no task, change, lock, message, notice, schedule or agent ${id}`;
  return new SignalboxError('not_found', message, {
    hint:
      'Give the id of a task, change, lock, message or notice, or the name of an agent or of a ' +
      'schedule.',
  });
}
