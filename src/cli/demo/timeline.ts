/** The story of each task from its events, with times since its submission. */
import type { Event } from '../../contract/index.ts';
import { eventColour, eventWords } from '../words/event.ts';
import type { Output } from '../terminal/output.ts';
import { stateWord } from '../terminal/states.ts';
import { fitted, padded, textWidth } from '../terminal/width.ts';
import type { Row } from './progress.ts';

/** Each is told by another event of the same moment. */
const SILENT = ['task.accepted', 'task.verifying', 'change.landed'];
const TYPE_COLUMNS = 17;
const TIME_COLUMNS = 8;

export function secondsInWords(lengthMs: number): string {
  return `${(lengthMs / 1_000).toFixed(1)} s`;
}

export function timelineOf(output: Output, row: Row): string[] {
  const { part, id, state, events } = row;
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
      .flatMap((event) => [
        `  ${eventLine(output, event, { sinceMs: first.atMs, about: id })}`,
        ...toldLine(output, row, event),
      ]),
  ];
}

function toldLine(output: Output, { told }: Row, { type, data }: Event): string[] {
  const failure = type === 'task.queued' ? told.get(data.attempt ?? 0) : undefined;
  if (failure === undefined) return [];
  const gap = ' '.repeat(TIME_COLUMNS + 4);
  return [output.paint('yellow', fitted(`${gap}and is told: ${failure}`, output.columns - 2))];
}

/** `+1.2 s  task.running       by ada, attempt 1`, or with a name between, cut to the terminal. */
export function eventLine(
  output: Output,
  event: Event,
  { sinceMs, about, name = '' }: { sinceMs: number; about: string; name?: string },
): string {
  const time = `+${secondsInWords(event.atMs - sinceMs)}`.padStart(TIME_COLUMNS);
  const type = padded(event.type, TYPE_COLUMNS);
  const between = name === '' ? '' : `${name}  `;
  const room = Math.max(20, output.columns - time.length - textWidth(between) - TYPE_COLUMNS - 8);
  const words = fitted(eventWords(brief(event), about).replaceAll(COMMIT, shortCommit), room);
  const shown = `${output.paint('dim', time)}  ${between}${output.paint(eventColour(event), type)}`;
  return `${shown}  ${words}`.trimEnd();
}

const COMMIT = /\b[0-9a-f]{40,64}\b/g;
const shortCommit = (commit: string): string => commit.slice(0, 9);

/** Without what stands beside it: the title, and the reason that the change before it gave. */
function brief(event: Event): Event {
  const { title: _title, reason, ...data } = event.data;
  const isRepeated = event.type === 'task.queued' && data.outcome === undefined;
  if (reason === undefined || isRepeated) return { ...event, data };
  return { ...event, data: { ...data, reason } };
}
