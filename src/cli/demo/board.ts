/** The rows of the tasks as lines that are drawn again and again while the demo runs. */
import type { Output } from '../terminal/output.ts';
import { stateColour, stateText } from '../terminal/states.ts';
import { fitted, padded, textWidth } from '../terminal/width.ts';
import { ENDED, type Row } from './progress.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BUSY = ['offered', 'accepted', 'running', 'verifying'];
const STATE_COLUMNS = 11;
const AGENT_COLUMNS = 9;

export function boardLines(output: Output, rows: readonly Row[], tick: number): string[] {
  const titles = Math.max(0, ...rows.map(({ part }) => textWidth(part.title)));
  const done = rows.filter(({ state }) => state === 'done').length;
  return [
    '',
    ...rows.map((row) => rowLine(output, row, { titles, tick })),
    '',
    `  ${bar(output, done, rows.length)}  ${done} of ${rows.length} landed`,
  ];
}

interface Drawing {
  titles: number;
  tick: number;
}

function rowLine(output: Output, row: Row, { titles, tick }: Drawing): string {
  const { part, state, agent, attempt, note } = row;
  const colour = stateColour(state);
  const word = BUSY.includes(state) ? `${spinner(tick)} ${state}` : stateText(output, state);
  const tries = attempt > 1 ? `${agent} (${attempt})` : agent;
  const before = `  ${padded(word, STATE_COLUMNS)}  ${padded(part.title, titles)}  `;
  const room = output.columns - textWidth(before) - AGENT_COLUMNS - 3;
  return [
    `  ${output.paint(colour, padded(word, STATE_COLUMNS))}`,
    ENDED.includes(state) || attempt > 0
      ? padded(part.title, titles)
      : output.paint('dim', padded(part.title, titles)),
    output.paint('cyan', padded(tries, AGENT_COLUMNS)),
    room > 8 ? output.paint('dim', fitted(note, room)) : '',
  ].join('  ');
}

export function spinner(tick: number): string {
  return SPINNER[tick % SPINNER.length] ?? '';
}

function bar(output: Output, done: number, all: number): string {
  const width = 24;
  const full = Math.round((done / Math.max(1, all)) * width);
  return output.paint('green', '━'.repeat(full)) + output.paint('dim', '─'.repeat(width - full));
}
