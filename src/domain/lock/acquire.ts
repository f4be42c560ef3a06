/** Taking locks: all of a set or nothing of it, in line, never in a circle. */
import {
  limits,
  type LockMode,
  type Obstacle,
  type Output,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { registerActor } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { deadlock, findCycle } from './cycle.ts';
import type { Holder } from './holder.ts';
import { insertItem } from './item-queries.ts';
import type { Item } from './items.ts';
import { tell } from './line.ts';
import { newBudget } from './overlap.ts';
import { findOverlaps, type Hit, hitsAmong } from './overlapping.ts';
import {
  countOpenOf,
  findLock,
  insertLock,
  listOpenOf,
  type LockRow,
  type LockWithLease,
  nextFence,
  takePlace,
} from './queries.ts';
import { renewSession } from './session-queries.ts';
import { itemsToEvent, refused, tooMuchToCompare } from './told.ts';
import { itemsOfRow, toLock, toObstacles } from './view.ts';

export interface Request {
  holder: Holder;
  items: readonly Item[];
  mode: LockMode;
  wait: boolean;
  reason: string | null;
}

type Answer = Output<'lock.acquire'>;

/** A refusal is answered and not thrown: that the holder is alive is written all the same. */
export async function acquireSet(
  context: CommandContext,
  request: Request,
): Promise<Answer | SignalboxError> {
  const { tx, actor } = context;
  const { holder, items, mode } = request;
  await registerActor(context);
  const place = await takePlace(tx, actor.project);
  const leaseUntilMs = await keepAlive(context, holder);
  const budget = newBudget();
  const overlapping = await findOverlaps(tx, { project: actor.project, items, budget });
  if (budget.left < 0) return tooMuchToCompare();
  const held = await findHeld(context, request, overlapping);
  if (held !== undefined) return { lock: toLock(held), obstacles: [] };
  const { key, also } = holder;
  const wanted = { project: actor.project, holder: key, also, mode, place, items };
  const hits = await hitsAmong(tx, wanted, overlapping);
  const row = newRow(context, request, place);
  if (hits.length === 0) {
    await refuseHoard(context, holder);
    const granted = await insertGranted(context, { row, items });
    return { lock: toLock({ ...granted, lease_until_ms: leaseUntilMs }), obstacles: [] };
  }
  const obstacles = await toObstacles(tx, hits, limits.lockObstaclesMax);
  if (!request.wait) return refused(obstacles, new Set(hits.map((hit) => hit.row.lock_id)).size);
  const standing = await findStanding(context, request);
  if (standing !== undefined) return { lock: toLock(standing), obstacles };
  const cycle = await findCycle(tx, { ...wanted, agent: holder.agent }, hits);
  if (cycle !== undefined) return deadlock(cycle);
  await refuseCrowd(context, holder);
  return standInLine(context, row, { items, hits, obstacles });
}

/** Whatever a session says of its locks renews its lease; returns when it ends. */
export async function keepAlive(
  { tx, actor, nowMs }: CommandContext,
  holder: Holder,
): Promise<number | null> {
  if (holder.leaseMs === null) return null;
  return renewSession(tx, {
    project: actor.project,
    holder: holder.key,
    agent_key: holder.agentKey,
    lease_until_ms: nowMs + holder.leaseMs,
    lease_ms: holder.leaseMs,
  });
}

/** The lock that the holder has for all of this already: it is not taken a second time. */
async function findHeld(
  { tx, actor }: CommandContext,
  { holder, items, mode }: Request,
  overlapping: readonly Hit[],
): Promise<LockWithLease | undefined> {
  const own = overlapping.filter(
    ({ row }) =>
      row.holder === holder.key &&
      row.state === 'granted' &&
      (row.mode === 'exclusive' || mode === 'shared'),
  );
  const covering = items.map((item) => own.find((hit) => hit.item === item && covers(hit)));
  const [first] = covering;
  if (first === undefined || covering.includes(undefined)) return undefined;
  return findLock(tx, actor.project, first.row.lock_id);
}

function covers({ item, row }: Hit): boolean {
  // An overlapping pattern covers a path whole, and another pattern only if it is the same.
  return item.pattern.isLiteral || item.pattern.text === row.pattern;
}

/** Whoever asks again for what it waits for already keeps its place. */
async function findStanding(
  { tx, actor }: CommandContext,
  { holder, items, mode }: Request,
): Promise<LockWithLease | undefined> {
  const wanted = namesOf(items);
  const open = await listOpenOf(tx, actor.project, holder.key);
  return open.find(
    (row) => row.state === 'waiting' && row.mode === mode && namesOf(itemsOfRow(row)) === wanted,
  );
}

function namesOf(items: readonly Item[]): string {
  return items
    .map(({ scope, pattern }) => `${scope}\0${pattern.text}`)
    .toSorted()
    .join('\0\0');
}

function newRow(context: CommandContext, request: Request, place: number): LockRow {
  const { actor, nowMs, random } = context;
  const { holder, items, mode, reason } = request;
  return {
    id: newId('lck', nowMs, random),
    project: actor.project,
    holder: holder.key,
    agent: holder.agent,
    agent_key: holder.agentKey,
    session: holder.session,
    task_id: holder.taskId,
    state: 'waiting',
    mode,
    items: JSON.stringify(items.map((item) => item.shown)),
    place,
    fence: null,
    reason,
    requested_at_ms: nowMs,
    granted_at_ms: null,
    ended_at_ms: null,
    version: 1,
  };
}

interface Grant {
  row: LockRow;
  items: readonly Item[];
  /** Of the hand-out, where a task takes what it declared. */
  fence?: number;
}

export async function insertGranted(
  context: CommandContext,
  { row, items, fence }: Grant,
): Promise<LockRow> {
  const granted: LockRow = {
    ...row,
    state: 'granted',
    fence: fence ?? (await nextFence(context.tx)),
    granted_at_ms: context.nowMs,
  };
  await insertAll(context, granted, items);
  await tell(context, granted, null);
  return granted;
}

async function standInLine(
  context: CommandContext,
  row: LockRow,
  line: { items: readonly Item[]; hits: readonly Hit[]; obstacles: Obstacle[] },
): Promise<Answer> {
  await insertAll(context, row, line.items);
  const [first] = line.obstacles;
  const holder =
    first === undefined ? undefined : await findLock(context.tx, row.project, first.lockId);
  await record(context, {
    type: 'lock.waiting',
    subject: row.id,
    audience: holder?.agent_key ?? null,
    data: {
      agent: row.agent,
      items: itemsToEvent(row),
      ...(row.reason === null ? {} : { reason: row.reason }),
    },
  });
  return { lock: await shown(context, row), obstacles: line.obstacles };
}

async function insertAll(
  { tx }: CommandContext,
  row: LockRow,
  items: readonly Item[],
): Promise<void> {
  await insertLock(tx, row);
  for (const { scope, pattern } of items) {
    await insertItem(tx, {
      project: row.project,
      scope,
      base: pattern.base,
      lock_id: row.id,
      pattern: pattern.text,
      is_literal: pattern.isLiteral ? 1 : 0,
      holder: row.holder,
      mode: row.mode,
      state: row.state === 'granted' ? 'granted' : 'waiting',
      place: row.place,
    });
  }
}

async function shown({ tx }: CommandContext, row: LockRow): Promise<Answer['lock']> {
  const found = await findLock(tx, row.project, row.id);
  return toLock(found ?? { ...row, lease_until_ms: null });
}

async function countOf(
  { tx, actor }: CommandContext,
  { key }: Holder,
  wanted: 'granted' | 'waiting',
): Promise<number> {
  const counts = await countOpenOf(tx, actor.project, key);
  return counts.find(({ state }) => state === wanted)?.count ?? 0;
}

async function refuseHoard(context: CommandContext, holder: Holder): Promise<void> {
  const held = await countOf(context, holder, 'granted');
  if (held < limits.lockHeldPerHolderMax) return;
  throw new SignalboxError('rate_limited', `${holder.agent} holds ${held} locks already`, {
    hint: 'Give back what is done with, or take a folder such as src/** in the place of its files.',
    retryAfterMs: 1_000,
  });
}

async function refuseCrowd(context: CommandContext, holder: Holder): Promise<void> {
  const waiting = await countOf(context, holder, 'waiting');
  if (waiting < limits.lockWaitingPerHolderMax) return;
  throw new SignalboxError('rate_limited', `${holder.agent} waits for ${waiting} locks already`, {
    hint: 'Ask for all that you need as one set, or leave a line with lock.release and its id.',
    retryAfterMs: 1_000,
  });
}
