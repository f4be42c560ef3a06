/** Locks: taking them, giving them back, and who holds what. */
import type { Client } from '../../client/index.ts';
import {
  type Input,
  limits,
  type Lock,
  LockState,
  type Obstacle,
  type Output as Answer,
} from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { follow } from '../task/follow.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { INTERRUPTED_EXIT } from '../terminal/interruption.ts';
import { fields, table } from '../terminal/layout.ts';
import { holderOf, itemsOf } from '../locked.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { shortNames } from '../words/short-names.ts';
import { speaker } from '../place/speaker.ts';
import { stateText, stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function acquireLock(context: Context): Promise<number> {
  const { options, output } = context;
  const input: Input<'lock.acquire'> = {
    holder: holderOf(context),
    items: await itemsOf(context),
    mode: options.has('shared') ? 'shared' : 'exclusive',
    wait: options.has('wait'),
    leaseMs: options.durationMs('lease'),
    reason: options.text('reason'),
  };
  if (input.wait === true) return acquireInLine(context, input);
  const hub = await context.hub(await speaker(context));
  const { lock } = await hub.lock.acquire(input);
  output.give(lock, () => lockLines(context, lock));
  return 0;
}

/** Stays until the lock is ours; Ctrl-C leaves the line. */
async function acquireInLine(context: Context, input: Input<'lock.acquire'>): Promise<number> {
  const { output } = context;
  const interruption = context.interruption();
  const hub = await context.live(await speaker(context));
  const { headCursor: after } = await hub.event.list({ limit: 1 });
  const { lock, obstacles } = await hub.lock.acquire(input);
  if (lock.state === 'waiting') {
    output.note(`${lock.id} waits: ${inTheWay(obstacles)}`, 'note');
    const filter = { subject: lock.id };
    const isOver = new AbortController();
    const standing = keepPlace(context, { hub, input, until: isOver.signal });
    await follow({
      hub,
      after,
      filter,
      interruption,
      onEvent: ({ type }) => type !== 'lock.waiting',
    }).finally(() => isOver.abort());
    await standing;
    if (interruption.aborted) {
      await hub.lock.release({ holder: input.holder, id: lock.id });
      output.note('Left the line.', 'note');
      return INTERRUPTED_EXIT;
    }
  }
  const now = await hub.lock.show({ id: lock.id });
  output.give(now, () => lockLines(context, now));
  return now.state === 'granted' ? 0 : 1;
}

interface Standing {
  hub: Client;
  input: Input<'lock.acquire'>;
  until: AbortSignal;
}

/** Who waits for longer than its lease would lose its place; a hub that is away is tried again. */
async function keepPlace({ clock }: Context, { hub, input, until }: Standing): Promise<void> {
  const { holder, leaseMs = limits.lockLeaseMsDefault } = input;
  if (!('session' in holder)) return;
  const { session } = holder;
  while (!until.aborted) {
    await clock.sleep(leaseMs / 3, until);
    if (!until.aborted) await hub.lock.renew({ session, leaseMs }).catch(() => {});
  }
}

export async function releaseLock(context: Context): Promise<void> {
  const { options, output } = context;
  const items = await itemsOf(context);
  const hub = await context.hub(await speaker(context));
  const answer = await hub.lock.release({
    holder: holderOf(context),
    id: options.text('id'),
    items: items.length === 0 ? undefined : items,
  });
  const words = answer.items === 1 ? '1 item given back.' : `${answer.items} items given back.`;
  output.give(answer, () => [answer.items === 0 ? 'This session holds nothing of it.' : words]);
}

const TAKEN_EXIT = 75;

export async function checkLock(context: Context): Promise<number> {
  const { options, output } = context;
  const items = await itemsOf(context);
  const hub = await context.hub(await speaker(context));
  const mode = options.has('shared') ? 'shared' : 'exclusive';
  const answer = await hub.lock.check({ items, mode, holder: holderOf(context) });
  output.give(answer, () => (answer.isFree ? ['Free.'] : answer.obstacles.map(obstacleLine)));
  return answer.isFree ? 0 : TAKEN_EXIT;
}

export async function listLocks(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const page = await hub.lock.list({
    ...pageOf(options),
    agent: options.text('agent'),
    taskId: options.text('task'),
    state: options.choice('state', LockState.options),
  });
  const nowMs = clock.nowMs();
  const nameOf = shortNames(page.items.flatMap(repositoriesOf));
  const columns = [
    { title: 'ID', text: ({ id }: Lock) => id },
    {
      title: 'STATE',
      text: ({ state }: Lock) => stateText(output, state),
      dress: (_text: string, { state }: Lock) => stateWord(output, state),
    },
    { title: 'AGENT', text: ({ agent }: Lock) => agent },
    { title: 'FOR', text: ({ session, taskId }: Lock) => taskId ?? session ?? '' },
    {
      title: 'UNTIL',
      text: ({ leaseUntilMs }: Lock) =>
        leaseUntilMs === null ? '-' : timeInWords(leaseUntilMs, nowMs),
    },
    {
      title: 'REPOSITORY',
      text: (lock: Lock) => harmlessLine(repositoriesOf(lock).map(nameOf).join(', ')) || '-',
      spare: 1,
    },
    { title: 'WHAT', text: whatOf },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['Nobody holds anything.']
      : [...table(output, columns, page.items), ...nextPage(page, 'lock list')],
  );
}

export async function showLock(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const lock = await hub.lock.show({ id: theOne(context) });
  context.output.give(lock, () => lockLines(context, lock));
}

export async function stealLock(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const lock = await hub.lock.steal({ id: theOne(context), reason: options.text('reason') ?? '' });
  output.give(lock, () => [...lockLines(context, lock), `${lock.agent} is told.`]);
}

export async function lockStats(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const stats = await hub.lock.stats({});
  type Line = Answer<'lock.stats'>['items'][number];
  const columns = [
    { title: 'AGENT', text: ({ agent }: Line) => agent },
    ...(['granted', 'released', 'expired', 'stolen', 'held'] as const).map((name) => ({
      title: name.toUpperCase(),
      text: (line: Line) => String(line[name]),
    })),
  ];
  output.give(stats, () =>
    stats.items.length === 0 ? ['Nobody took a lock yet.'] : table(output, columns, stats.items),
  );
}

function lockLines({ output, clock }: Context, lock: Lock): string[] {
  const { id, state, agent, session, taskId, leaseUntilMs, fence, mode, reason } = lock;
  const until = leaseUntilMs === null ? undefined : timeInWords(leaseUntilMs, clock.nowMs());
  return [
    `${id}  ${stateWord(output, state)}  ${mode}`,
    ...fields(output, [
      ['what', whatOf(lock)],
      ['repository', harmlessLine(repositoriesOf(lock).join(', ')) || undefined],
      ['held by', `${agent}, ${taskId ?? `session ${session ?? ''}`}`],
      ['until', until],
      ['fence', fence === null ? undefined : String(fence)],
      ['reason', reason === null ? undefined : harmlessLine(reason)],
    ]),
  ];
}

function repositoriesOf({ items }: Lock): string[] {
  return [...new Set(items.flatMap((item) => ('name' in item ? [] : [item.repository])))];
}

function whatOf({ items }: Lock): string {
  return harmlessLine(items.map((item) => ('name' in item ? item.name : item.path)).join(', '));
}

function inTheWay(obstacles: readonly Obstacle[]): string {
  return obstacles.slice(0, 3).map(obstacleLine).join('; ');
}

function obstacleLine({ item, agent, state, taskId, lockId }: Obstacle): string {
  const does = state === 'granted' ? 'is held by' : 'was asked for before by';
  const who = taskId === null ? agent : `${agent} for ${taskId}`;
  return harmlessLine(`${item} ${does} ${who} (${lockId})`);
}
