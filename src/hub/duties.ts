/**
 * What falls due, looked for twice a second: offers that were not taken, leases that ended,
 * backoffs that are over. A tick reads first and writes only where there is something, so an idle
 * hub writes nothing. Each thing is one transaction that reads its row again, so two hubs may tick
 * at once.
 */
import { SignalboxError } from '../contract/index.ts';
import { forgetOldReplies } from '../domain/admin/index.ts';
import { listDueHolds, listLapsedAgents } from '../domain/agent/index.ts';
import { listDueChanges } from '../domain/change/queries.ts';
import { checkChange } from '../domain/change/sweep.ts';
import type { CommandContext } from '../domain/event/index.ts';
import { listLapsedSessions } from '../domain/lock/session-queries.ts';
import { forgetOldLocks } from '../domain/lock/sweep.ts';
import { checkDelivery } from '../domain/message/hold.ts';
import { forgetInvites } from '../domain/invite/sweep.ts';
import { listDueDeliveries } from '../domain/message/delivery-queries.ts';
import { listDueSchedules } from '../domain/schedule/queries.ts';
import { checkSchedule, leaveOut } from '../domain/schedule/sweep.ts';
import { forgetSpending } from '../domain/budget/spend.ts';
import { expireSession } from '../domain/task/held.ts';
import { reopen } from '../domain/task/holding.ts';
import { expireAgent } from '../domain/task/presence.ts';
import { listDue } from '../domain/task/queries.ts';
import { checkTask } from '../domain/task/sweep.ts';
import { forgetDeliveries } from '../domain/webhook/sweep.ts';
import type { Random } from '../core/random.ts';
import type { Store } from '../store/db.ts';
import { commandContext } from './context.ts';
import { actorOf } from './tokens.ts';

export const TICK_MS = 500;
const DUE_AT_ONCE = 500;
const FORGET_EVERY_MS = 60_000;
const FORGETTING = [
  forgetOldReplies,
  forgetDeliveries,
  forgetOldLocks,
  forgetInvites,
  forgetSpending,
];

export interface DutyParts {
  store: Store;
  random: Random;
}

export class Duties {
  readonly #parts: DutyParts;
  #forgottenAtMs = 0;

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /**
   * Does what is due at `nowMs`. Throws when the store cannot be reached; the next tick tries
   * again.
   */
  async tick(nowMs: number): Promise<void> {
    const { read } = this.#parts.store;
    for (const { project, key } of await listLapsedAgents(read, nowMs, DUE_AT_ONCE)) {
      await this.#inProject(project, nowMs, (context) => expireAgent(context, key));
    }
    for (const { project, key } of await listDueHolds(read, nowMs, DUE_AT_ONCE)) {
      await this.#inProject(project, nowMs, (context) => reopen(context, key));
    }
    for (const { project, holder } of await listLapsedSessions(read, nowMs, DUE_AT_ONCE)) {
      await this.#inProject(project, nowMs, (context) => expireSession(context, holder));
    }
    await this.#checkTasks(nowMs);
    for (const { project, id } of await listDueChanges(read, nowMs, DUE_AT_ONCE)) {
      await this.#inProject(project, nowMs, (context) => checkChange(context, id));
    }
    const deliveries = await listDueDeliveries(read, nowMs, DUE_AT_ONCE);
    await Promise.all(
      deliveries.map(({ project, recipient_key: key, message_id: id }) =>
        this.#inProject(project, nowMs, (context) => checkDelivery(context, { project, key }, id)),
      ),
    );
    const schedules = await listDueSchedules(read, nowMs, DUE_AT_ONCE);
    await Promise.all(schedules.map(({ project, id }) => this.#run({ project, id, nowMs })));
    await this.#forget(nowMs);
  }

  /** A run that is refused is undone whole; what is left out is then written by itself. */
  async #run({
    project,
    id,
    nowMs,
  }: {
    project: string;
    id: string;
    nowMs: number;
  }): Promise<void> {
    try {
      await this.#inProject(project, nowMs, (context) => checkSchedule(context, id));
    } catch (error) {
      if (!(error instanceof SignalboxError)) throw error;
      // Where it only lost a race, the next tick tries again.
      if (error.retryAfterMs !== undefined) return;
      await this.#inProject(project, nowMs, (context) => leaveOut(context, id, error));
    }
  }

  async #forget(nowMs: number): Promise<void> {
    if (nowMs - this.#forgottenAtMs < FORGET_EVERY_MS) return;
    this.#forgottenAtMs = nowMs;
    for (const forget of FORGETTING) {
      let isMore = true;
      while (isMore) isMore = await this.#inProject('default', nowMs, forget);
    }
  }

  /**
   * In their order, which is that in which they come into line. On SQLite they share commits; the
   * row of a project lets one after the other in anyway.
   */
  async #checkTasks(nowMs: number): Promise<void> {
    const { engine, read } = this.#parts.store;
    const tasks = await listDue(read, nowMs, DUE_AT_ONCE);
    const check = ({ project, id }: (typeof tasks)[number]): Promise<void> =>
      this.#inProject(project, nowMs, (context) => checkTask(context, id));
    if (engine === 'sqlite') await Promise.all(tasks.map(check));
    else for (const task of tasks) await check(task);
  }

  #inProject<T>(
    project: string,
    nowMs: number,
    work: (context: CommandContext) => Promise<T>,
  ): Promise<T> {
    const { store, random } = this.#parts;
    const actor = hubActor(project);
    return store.transaction((tx) => work(commandContext({ tx, actor, nowMs, random })));
  }
}

/** What the hub does of itself stands in the log under this name. */
export function hubActor(project: string): CommandContext['actor'] {
  return actorOf({ name: 'hub', role: 'admin', project, tokenId: null });
}
