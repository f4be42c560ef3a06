/** What the events of a run say of it: when each task was where, by whom, and how evenly. */
import type { Event } from '../../contract/index.ts';

/** Since it was queued; undefined where it never came so far. */
export interface TaskTimes {
  id: string;
  agent: string | null;
  state: string;
  attempts: number;
  offeredMs: number | undefined;
  startedMs: number | undefined;
  handedInMs: number | undefined;
  doneMs: number | undefined;
}

const STEPS = {
  'task.offered': 'offeredMs',
  'task.running': 'startedMs',
  'task.verifying': 'handedInMs',
  'task.done': 'doneMs',
} as const;

type Step = keyof typeof STEPS;

export class Stopwatch {
  readonly #tasks = new Map<string, TaskTimes & { queuedAtMs: number | undefined }>();

  constructor(ids: readonly string[]) {
    const none = { offeredMs: undefined, startedMs: undefined };
    const open = { ...none, handedInMs: undefined, doneMs: undefined };
    const fresh = { agent: null, state: 'queued', attempts: 0, queuedAtMs: undefined, ...open };
    for (const id of ids) this.#tasks.set(id, { id, ...fresh });
  }

  /** The last time counts: that of the attempt which made it. */
  take({ type, subject, atMs, data }: Event): void {
    const task = this.#tasks.get(subject);
    if (task === undefined) return;
    const [noun, state] = type.split('.');
    if (noun === 'task' && state !== undefined && state !== 'orphaned') task.state = state;
    task.queuedAtMs ??= atMs;
    task.attempts = Math.max(task.attempts, data.attempt ?? 0);
    task.agent = data.agent ?? task.agent;
    if (isStep(type)) task[STEPS[type]] = atMs - task.queuedAtMs;
  }

  get all(): TaskTimes[] {
    return Array.from(this.#tasks.values(), ({ queuedAtMs: _queuedAtMs, ...times }) => times);
  }

  /** All are done, or one can never be. */
  get isOver(): boolean {
    const states = Array.from(this.#tasks.values(), ({ state }) => state);
    return states.every((state) => state === 'done') || states.some((state) => ENDED.has(state));
  }
}

const ENDED = new Set(['failed', 'dead', 'cancelled']);

function isStep(type: string): type is Step {
  return type in STEPS;
}

export interface Spread {
  p50Ms: number;
  p99Ms: number;
  mostMs: number;
}

/** By nearest rank; undefined where there is nothing. */
export function spreadOf(lengths: readonly (number | undefined)[]): Spread | undefined {
  const sorted = lengths.filter((length) => length !== undefined).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  if (sorted.length === 0) return undefined;
  return { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) };
}

/** How many tasks each agent has done, those that did none included. */
export function sharesOf(
  agents: readonly string[],
  tasks: readonly Pick<TaskTimes, 'agent'>[],
): Record<string, number> {
  const count = (name: string): number => tasks.filter(({ agent }) => agent === name).length;
  return Object.fromEntries(agents.map((name) => [name, count(name)]));
}

/** Equal agents differ by no more than this from their even share. */
export const SHARE_OFF_MAX = 2;

export function isEven(shares: Readonly<Record<string, number>>): boolean {
  const counts = Object.values(shares);
  const even = counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
  return counts.every((count) => Math.abs(count - even) <= SHARE_OFF_MAX);
}
