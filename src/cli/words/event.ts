/** What happened, in a sentence: for `watch`, for `task submit --wait` and for timelines. */
import { eventInWords } from '../../contract/event-words.ts';
import type { Event } from '../../contract/index.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Colour, Output } from '../terminal/output.ts';
import { stateColour } from '../terminal/states.ts';
import { clockTime } from './time.ts';
import { padded } from '../terminal/width.ts';

const TYPE_COLUMNS = 17;

/**
 * `14:03:09  task.offered      tsk_…  to ada, attempt 1`; beside the one task that it is all
 * about, no id is said again.
 */
export function eventLine(output: Output, event: Event, about?: string): string {
  const type = output.paint(eventColour(event), padded(event.type, TYPE_COLUMNS));
  const time = output.paint('dim', clockTime(event.atMs));
  const subject = about === undefined ? [harmlessLine(event.subject)] : [];
  return [time, type, ...subject, eventWords(event, about)].join('  ').trimEnd();
}

export function eventColour({ type, data }: Event): Colour {
  const [noun, word = ''] = type.split('.');
  if (word === 'queued' && data.attempt !== undefined) return 'red';
  if (type === 'budget.exceeded') return 'red';
  if (noun === 'agent') return word === 'online' ? 'green' : 'dim';
  if (noun === 'task' || noun === 'change') return stateColour(word);
  return 'dim';
}

/** What the type and the subject do not say, on one line that is safe to print. */
export function eventWords(event: Event, about?: string): string {
  return harmlessLine(eventInWords(event, about));
}
