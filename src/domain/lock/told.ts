/** What events and refusals say of locks. */
import { type Obstacle, SignalboxError } from '../../contract/index.ts';
import { pathInWords } from '../../contract/path-words.ts';
import { wordOf } from './items.ts';
import type { LockRow } from './queries.ts';
import { shownItems } from './view.ts';

const ITEMS_TOLD = 5;

export function itemsToEvent(row: Pick<LockRow, 'items'>): string[] {
  return shownItems(row).slice(0, ITEMS_TOLD).map(wordOf);
}

/** `src/a.ts is held by bob until 12:30:00 UTC (refactoring)`. */
export function obstacleInWords(obstacle: Obstacle): string {
  const { agent, taskId, item, theirs, state, leaseUntilMs, reason } = obstacle;
  const by = item === theirs ? '' : ` (by ${pathInWords(theirs)})`;
  const what = `${pathInWords(item)}${by}`;
  const who = taskId === null ? agent : `${agent} for ${taskId}`;
  const doing = state === 'granted' ? 'is held by' : 'was asked for before by';
  return `${what} ${doing} ${who}${until(leaseUntilMs)}${saying(reason)}`;
}

const REASON_TOLD = 160;

/** A holder's own words, on one line and in quotes: they are read by whoever is refused. */
function saying(reason: string | null): string {
  if (reason === null) return '';
  const line = reason.replaceAll(/[\s"<>\p{Cc}\p{Cf}]+/gu, ' ').trim();
  const told = line.length > REASON_TOLD ? `${line.slice(0, REASON_TOLD)}…` : line;
  return `, who says: "${told}"`;
}

function until(leaseUntilMs: number | null): string {
  if (leaseUntilMs === null) return '';
  return ` until ${new Date(leaseUntilMs).toISOString().slice(11, 19)} UTC`;
}

export function refused(obstacles: readonly Obstacle[], count: number): SignalboxError {
  const said = obstacles.slice(0, 3).map(obstacleInWords).join('; ');
  const more = count > 3 ? `; and ${count - 3} more` : '';
  const first = obstacles[0];
  const ask = first === undefined ? '' : ` \`signalbox why ${first.lockId}\` tells more.`;
  return new SignalboxError('conflict', `${said}${more}`, {
    hint:
      'Work on something else, write to the holder, or ask to wait (--wait, or wait: true) to be ' +
      `next.${ask}`,
    details: { obstacles },
  });
}

/** Which of all that is held stands in the way was not found out. */
export function tooMuchToCompare(): SignalboxError {
  const message = 'these patterns, and those that are held, are too much to compare at once';
  return new SignalboxError('invalid_input', message, {
    hint: 'Ask for fewer or plainer ones: a folder such as src/**, or the paths themselves.',
  });
}
