/** Locks: taken before an edit, given back after it. */
import { z } from 'zod';
import {
  limits,
  type Lock,
  type LockItem,
  LockMode,
  type Obstacle,
  SignalboxError,
} from '../contract/index.ts';
import { pathInWords } from '../contract/path-words.ts';
import { type Caller, READS, SETS, type Told, tool } from './tool.ts';

const paths = z.array(z.string()).max(limits.lockItemsMax).default([]);
const PATHS = 'paths or patterns, e.g. src/a.ts, src/**';
const what = {
  paths: paths.describe(PATHS),
  names: paths.describe('things that are no paths, e.g. db:schema'),
};

export const acquireLock = tool({
  name: 'acquire_lock',
  title: 'Take locks',
  description: 'Lock files before you edit them, all or nothing. Refused: who holds them.',
  input: z.strictObject({
    ...what,
    mode: LockMode.default('exclusive'),
    wait: z.boolean().default(false).describe('queue; ask again for the result'),
    reason: z.string().max(500).optional(),
  }),
  annotations: SETS,
  async run(ask, { paths: wanted, names, mode, wait, reason }, caller) {
    const items = itemsOf(wanted, names, caller);
    if (items.length === 0) throw nothingAsked();
    const { holder, leaseMs } = caller;
    const input = { holder, leaseMs, items, mode, wait, reason };
    const { lock, obstacles } = await ask('lock.acquire', input);
    const held = whatOf(lock);
    const text =
      lock.state === 'granted'
        ? `Yours: ${held} (${lock.id})${until(lock)}. Give it back with release_lock when done.`
        : `In line for ${held} (${lock.id}): ${inTheWay(obstacles)}. Do something else, and ask ` +
          'again later with the same arguments; you keep your place.';
    const brief = { state: lock.state, lock_id: lock.id, fence: lock.fence };
    return { text, brief, data: { lock, obstacles } };
  },
});

function nothingAsked(): SignalboxError {
  return new SignalboxError('invalid_input', 'acquire_lock was asked for nothing', {
    hint: 'Give paths, e.g. {"paths": ["src/a.ts"]}, or names of things.',
  });
}

export const releaseLock = tool({
  name: 'release_lock',
  title: 'Give locks back',
  description: 'Give back locks, or leave the queue. No arguments: all of yours.',
  input: z.strictObject({ ...what, lock_id: z.string().optional() }),
  annotations: SETS,
  async run(ask, { paths: wanted, names, lock_id: id }, caller) {
    const items = itemsOf(wanted, names, caller);
    const { holder } = caller;
    const some = items.length === 0 ? {} : { items };
    const answer = await ask('lock.release', { holder, id, ...some });
    const text =
      answer.items === 0
        ? 'You held nothing of it. check_locks shows who does.'
        : `Given back: ${answer.items} item${answer.items === 1 ? '' : 's'}.`;
    return { text, brief: { items: answer.items }, data: answer };
  },
});

const LISTED = 20;

export interface Seen {
  isFree: boolean;
  obstacles: Obstacle[];
  /** What is held and waited for, where nothing was asked for. */
  locks: Lock[];
}

export const checkLocks = tool({
  name: 'check_locks',
  title: 'See locks',
  description: 'Can these be locked now, and if not, who holds them? No arguments: list all.',
  input: z.strictObject(what),
  annotations: READS,
  async run(ask, { paths: wanted, names }, caller): Promise<Told<Seen>> {
    const items = itemsOf(wanted, names, caller);
    if (items.length > 0) {
      const answer = await ask('lock.check', { items, holder: caller.holder });
      const text = answer.isFree ? 'Free. acquire_lock takes it.' : inTheWay(answer.obstacles);
      const holders = namesOf(answer.obstacles);
      const brief = { is_free: answer.isFree, holders };
      return { text, brief, data: { ...answer, locks: [] } };
    }
    const page = await ask('lock.list', { limit: LISTED });
    const lines = page.items.map(
      (lock) => `${lock.id} ${lock.state}: ${whatOf(lock)}, ${whose(lock)}`,
    );
    const more = page.nextCursor === null ? [] : ['… and more: ask with paths.'];
    const text = lines.length === 0 ? 'Nobody holds anything.' : [...lines, ...more].join('\n');
    const isFree = page.items.length === 0;
    const brief = { is_free: isFree, holders: namesOf(page.items) };
    return { text, brief, data: { isFree, obstacles: [], locks: page.items } };
  },
});

function namesOf(held: readonly { agent: string }[]): string[] {
  return [...new Set(held.map(({ agent }) => agent))];
}

function itemsOf(
  wanted: readonly string[],
  names: readonly string[],
  { repository, place }: Caller,
): LockItem[] {
  const items = wanted.map((written) => {
    const isFromTop = !written.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(written);
    const found = isFromTop ? undefined : place?.(written);
    if (found !== undefined) return found;
    return repository === undefined ? { path: written } : { path: written, repository };
  });
  return [...items, ...names.map((name) => ({ name }))];
}

function whatOf({ items }: Pick<Lock, 'items'>): string {
  const words = items.map((item) => pathInWords('name' in item ? item.name : item.path));
  return words.length > 5
    ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more`
    : words.join(', ');
}

function whose({ agent, taskId, leaseUntilMs, reason }: Lock | Obstacle): string {
  const task = taskId === null ? '' : ` for ${taskId}`;
  const said = reason?.replaceAll(/[\s"<>\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 100) ?? '';
  const why = said === '' ? '' : `, who says: "${said}"`;
  return `${agent}${task}${until({ leaseUntilMs })}${why}`;
}

function until({ leaseUntilMs }: { leaseUntilMs: number | null }): string {
  return leaseUntilMs === null
    ? ''
    : ` until ${new Date(leaseUntilMs).toISOString().slice(11, 19)} UTC`;
}

function inTheWay(obstacles: readonly Obstacle[]): string {
  return obstacles
    .slice(0, 5)
    .map(
      (one) =>
        `${pathInWords(one.item)} ${one.state === 'granted' ? 'is held' : 'is waited for'} ` +
        `by ${whose(one)}`,
    )
    .join('; ');
}
