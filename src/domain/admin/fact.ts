/** Facts that more than one kind of answer tells. */
import { type Fact, SignalboxError } from '../../contract/index.ts';

export function missing(fact: string, frees: string): Fact {
  return { fact, holder: null, untilMs: null, frees };
}

export function unknown(id: string): SignalboxError {
  const message = `there is no task, change, lock, message, notice, schedule or agent ${id}`;
  return new SignalboxError('not_found', message, {
    hint:
      'Give the id of a task, change, lock, message or notice, or the name of an agent or of a ' +
      'schedule.',
  });
}
