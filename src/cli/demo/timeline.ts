/** The story of each task from its events, with times since its submission. */
import type { Event } from '../../contract/index.ts';
import { eventColour, eventWords } from '../event-words.ts';
import type { Output } from '../output.ts';
import { stateWord } from '../states.ts';
import { fitted, padded } from '../width.ts';
import type { Row } from './progress.ts';

/** Each is told by another event of the same moment. */
const SILENT = ['task.accepted', 'task.verifying', 'change.landed'];
const TYPE_COLUMNS = 17;

export function secondsInWords(lengthMs: number): string {
  return `${(lengthMs / 1_000).toFixed(1)} s`;
}

export function timelineOf(output: Output, { part, id, state, events }: Row): string[] {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return [];
  const took = secondsInWords(last.atMs - first.atMs);
  const attempts = Math.max(0, ...events.map(({ data }) => data.attempt ?? 0));
  const tries = attempts > 1 ? `, ${attempts} attempts` : '';
  return [
    `${stateWord(output, state)}  ${output.paint('bold', part.title)}` +
      output.paint('dim', `  ${id}, ${took}${tries}`),
    ...events
      .filter(({ type }) => !SILENT.includes(type))
      .map((event) => `  ${eventLine(output, event, { sinceMs: first.atMs, about: id })}`),
  ];
}

/** `+1.2 s  task.running  by ada, attempt 1` */
export function eventLine(
  output: Output,
  event: Event,
  { sinceMs, about }: { sinceMs: number; about: string },
): string {
  const time = `+${secondsInWords(event.atMs - sinceMs)}`.padStart(8);
  const type = padded(event.type, TYPE_COLUMNS);
  const room = Math.max(20, output.columns - time.length - TYPE_COLUMNS - 6);
  const words = fitted(eventWords(event, about), room);
  const shown = `${output.paint('dim', time)}  ${output.paint(eventColour(event), type)}`;
  return `${shown}  ${words}`.trimEnd();
}
