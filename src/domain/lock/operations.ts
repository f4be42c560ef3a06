/** Locks of sessions and tasks: giving them back, keeping them, looking at them. */
import {
  limits,
  type LockItem,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { acquireSet, keepAlive } from './acquire.ts';
import { type Holder, sessionHolder, sessionKey, taskHolderKey, tasksOf } from './holder.ts';
import { type Item, itemsToLookAt, itemsToTake } from './items.ts';
import { endLock } from './line.ts';
import { newBudget } from './overlap.ts';
import { findOverlaps, hitsAmong } from './overlapping.ts';
import {
  countByAgent,
  countOpenOf,
  findLock,
  holdLine,
  listLocks,
  listOpenOf,
  type LockRow,
} from './queries.ts';
import { giveBackItems } from './part.ts';
import { tooMuchToCompare } from './told.ts';
import { toLock, toObstacles } from './view.ts';

export async function acquire(
  context: CommandContext,
  input: Parsed<'lock.acquire'>,
  holder: Holder,
): Promise<Output<'lock.acquire'> | SignalboxError> {
  const items = await itemsToTake(context, input.items);
  const { mode, wait, reason = null } = input;
  const { tx, actor } = context;
  const also = holder.session === null ? [] : await tasksOf(tx, actor, holder.session);
  return acquireSet(context, { holder: { ...holder, also }, items, mode, wait, reason });
}

/** Returns what ended, so that the caller can hand out work that waited for it. */
export async function release(
  context: CommandContext,
  input: Parsed<'lock.release'>,
  holder: Holder,
): Promise<Output<'lock.release'>> {
  const { tx, actor } = context;
  await holdLine(tx, actor.project);
  if (input.id !== undefined) return releaseOne(context, input.id, holder);
  const open = await listOpenOf(tx, actor.project, holder.key);
  if (input.items !== undefined) {
    return giveBackItems(context, open, await itemsNamed(context, input.items));
  }
  let items = 0;
  for (const row of open) items += await endWhole(context, row);
  await keepAlive(context, holder);
  return { released: open.map(({ id }) => id), items };
}

/** A repository that nobody has named has no locks, and is not made known by giving some back. */
function itemsNamed({ tx, actor }: CommandContext, items: readonly LockItem[]): Promise<Item[]> {
  return itemsToLookAt({ db: tx, actor }, items);
}

async function releaseOne(
  context: CommandContext,
  id: string,
  holder: Holder,
): Promise<Output<'lock.release'>> {
  const row = await requireLock(context, id);
  if (row.holder !== holder.key) throw notYours(row);
  const items = row.ended_at_ms === null ? await endWhole(context, row) : 0;
  return { released: row.ended_at_ms === null ? [id] : [], items };
}

async function endWhole(context: CommandContext, row: LockRow): Promise<number> {
  await endLock(context, row, { by: 'release' });
  return toLock({ ...row, lease_until_ms: null }).items.length;
}

function notYours(row: LockRow): SignalboxError {
  const whose = row.task_id ?? `another session (${row.session ?? ''})`;
  return new SignalboxError('forbidden', `lock ${row.id} is held by ${row.agent} for ${whose}`, {
    hint: 'Only its holder gives it back; a person may take it with `signalbox lock steal`.',
  });
}

async function requireLock(context: CommandContext, id: string): Promise<LockRow> {
  const row = await findLock(context.tx, context.actor.project, id);
  if (row === undefined) throw unknownLock(id);
  return row;
}

export function unknownLock(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no lock ${id}`, {
    hint: '`signalbox lock list` shows who holds what.',
  });
}

export async function renew(
  context: CommandContext,
  input: Parsed<'lock.renew'>,
): Promise<Output<'lock.renew'>> {
  const { tx, actor } = context;
  const holder = sessionHolder(actor, input.session, input.leaseMs);
  const counts = await countOpenOf(tx, actor.project, holder.key);
  const count = (state: string) => counts.find((row) => row.state === state)?.count ?? 0;
  const [held, waiting] = [count('granted'), count('waiting')];
  if (held + waiting === 0) return { held, waiting, leaseUntilMs: null };
  return { held, waiting, leaseUntilMs: await keepAlive(context, holder) };
}

/** The one way to take a lock from the living: by a person, with a reason for the holder. */
export async function steal(
  context: CommandContext,
  input: Parsed<'lock.steal'>,
): Promise<Output<'lock.steal'>> {
  await holdLine(context.tx, context.actor.project);
  const row = await requireLock(context, input.id);
  const reason = `taken away by ${context.actor.name}: ${input.reason}`;
  const ended = await endLock(context, row, { by: 'steal', reason });
  return toLock({ ...ended, lease_until_ms: null });
}

export async function check(
  context: QueryContext,
  input: Parsed<'lock.check'>,
): Promise<Output<'lock.check'>> {
  const { db, actor } = context;
  const items = await itemsToLookAt(context, input.items);
  const holder = input.holder === undefined ? '' : keyOf(actor.key, input.holder);
  const also = await alsoOf(context, input.holder);
  const wanted = { project: actor.project, holder, also, mode: input.mode, items };
  const budget = newBudget();
  const overlapping = await findOverlaps(db, { ...wanted, budget });
  if (budget.left < 0) throw tooMuchToCompare();
  const last = { ...wanted, place: Number.MAX_SAFE_INTEGER };
  const hits = await hitsAmong(db, last, overlapping);
  const obstacles = await toObstacles(db, hits, limits.lockObstaclesMax);
  return { isFree: hits.length === 0, obstacles };
}

function alsoOf(
  { db, actor }: QueryContext,
  holder: Parsed<'lock.check'>['holder'],
): Promise<string[]> {
  const isSession = holder !== undefined && 'session' in holder;
  return isSession ? tasksOf(db, actor, holder.session) : Promise.resolve([]);
}

function keyOf(agentKey: string, holder: Parsed<'lock.acquire'>['holder']): string {
  return 'session' in holder ? sessionKey(agentKey, holder.session) : taskHolderKey(holder.taskId);
}

export async function show(
  context: QueryContext,
  input: Parsed<'lock.show'>,
): Promise<Output<'lock.show'>> {
  const row = await findLock(context.db, context.actor.project, input.id);
  if (row === undefined) throw unknownLock(input.id);
  return toLock(row);
}

export async function list(
  context: QueryContext,
  input: Parsed<'lock.list'>,
): Promise<Output<'lock.list'>> {
  const rows = await listLocks(context.db, {
    project: context.actor.project,
    beforeId: input.cursor ?? '~',
    limit: input.limit,
    agentKey: input.agent === undefined ? undefined : nameKey(input.agent),
    holder: input.taskId === undefined ? undefined : taskHolderKey(input.taskId),
    session: input.session,
    state: input.state,
  });
  return pageOf(rows, { limit: input.limit, toItem: toLock, toCursor: ({ id }) => id });
}

/** Those first whose locks most often had to be taken from them, by time or by hand. */
export async function stats({ db, actor }: QueryContext): Promise<Output<'lock.stats'>> {
  const rows = await countByAgent(db, actor.project);
  const items = [...Map.groupBy(rows, (row) => row.agent)].map(([agent, own]) => {
    const of = (state: string) => own.find((row) => row.state === state)?.count ?? 0;
    const [released, expired, stolen, held] = ['released', 'expired', 'stolen', 'granted'].map(of);
    const ended = { released: released ?? 0, expired: expired ?? 0, stolen: stolen ?? 0 };
    const granted = ended.released + ended.expired + ended.stolen + (held ?? 0);
    return { agent, granted, ...ended, held: held ?? 0 };
  });
  const lost = (one: (typeof items)[number]) => one.expired + one.stolen;
  return { items: items.toSorted((a, b) => lost(b) - lost(a) || (a.agent < b.agent ? -1 : 1)) };
}
