/**
 * What falls due, looked for twice a second: offers that were not taken, leases that ended,
 * backoffs that are over. A tick reads first and writes only where there is something, so an idle
 * hub writes nothing. Each thing is one transaction that reads its row again, so two hubs may tick
 * at once; and what goes wrong with one keeps no other from its turn.
 */
import { SignalboxError } from '../contract/index.ts';
import { forgetOldReplies } from '../domain/admin/index.ts';
import { listDueHolds, listLapsedAgents } from '../domain/agent/index.ts';
import { listDueChanges } from '../domain/change/queries.ts';
import { checkChange } from '../domain/change/sweep.ts';
import type { CommandContext } from '../domain/event/index.ts';
import { listLapsedSessions } from '../domain/lock/session-queries.ts';
import { forgetOldLocks } from '../domain/lock/sweep.ts';
import { checkDelivery } from '../domain/message/delivery-operations.ts';
import { forgetInvites } from '../domain/invite/sweep.ts';
import { listDueDeliveries } from '../domain/message/delivery-queries.ts';
import { listDueSchedules } from '../domain/schedule/queries.ts';
import { checkSchedule, leaveOut } from '../domain/schedule/sweep.ts';
import { forgetSpending } from '../domain/budget/spend.ts';
import { expireSession } from '../domain/task/lock-operations.ts';
import { reopen } from '../domain/task/pauses.ts';
import { expireAgent } from '../domain/task/presence.ts';
import { listDue } from '../domain/task/queries.ts';
import { checkTask } from '../domain/task/sweep.ts';
import { forgetDeliveries } from '../domain/webhook/sweep.ts';
import type { Random } from '../core/random.ts';
import type { Db, Store } from '../store/db.ts';
import { StoreFullError, StoreUnavailableError } from '../store/errors.ts';
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

/** One thing that is due. */
interface Due {
  project: string;
  work: (context: CommandContext) => Promise<unknown>;
  /** What is written instead where the work is refused; the work itself is undone whole. */
  otherwise?: (context: CommandContext, refusal: SignalboxError) => Promise<unknown>;
}

type Duty = (db: Db, nowMs: number) => Promise<Due[]>;

function duty<Row extends { project: string }>(
  list: (db: Db, nowMs: number, limit: number) => Promise<Row[]>,
  work: (context: CommandContext, row: Row) => Promise<unknown>,
  otherwise?: (context: CommandContext, row: Row, refusal: SignalboxError) => Promise<unknown>,
): Duty {
  return async (db, nowMs) =>
    (await list(db, nowMs, DUE_AT_ONCE)).map((row) => ({
      project: row.project,
      work: (context) => work(context, row),
      ...(otherwise && { otherwise: (context, refusal) => otherwise(context, row, refusal) }),
    }));
}

const DUTIES: Duty[] = [
  duty(listLapsedAgents, (context, { key }) => expireAgent(context, key)),
  duty(listDueHolds, (context, { key }) => reopen(context, key)),
  duty(listLapsedSessions, (context, { holder }) => expireSession(context, holder)),
  duty(listDue, (context, { id }) => checkTask(context, id)),
  duty(listDueChanges, (context, { id }) => checkChange(context, id)),
  duty(listDueDeliveries, (context, { project, recipient_key: key, message_id: id }) =>
    checkDelivery(context, { project, key }, id),
  ),
  duty(
    listDueSchedules,
    (context, { id }) => checkSchedule(context, id),
    (context, { id }, refusal) => leaveOut(context, id, refusal),
  ),
];

export interface DutyParts {
  store: Store;
  random: Random;
  onDefect: (where: string, error: unknown) => void;
}

export class Duties {
  readonly #parts: DutyParts;
  #forgottenAtMs = 0;

  constructor(parts: DutyParts) {
    this.#parts = parts;
  }

  /**
   * Does what is due at `nowMs`, each kind in its order, which for tasks is that in which they come
   * into line. On SQLite a kind shares commits; elsewhere the row of a project lets one after the
   * other in anyway. Throws when the store cannot be reached; the next tick tries again.
   */
  async tick(nowMs: number): Promise<void> {
    const { engine, read } = this.#parts.store;
    for (const dueOf of DUTIES) {
      const all = await dueOf(read, nowMs);
      if (engine === 'sqlite') await Promise.all(all.map((due) => this.#do(due, nowMs)));
      else for (const due of all) await this.#do(due, nowMs);
    }
    await this.#forget(nowMs);
  }

  async #do({ project, work, otherwise }: Due, nowMs: number): Promise<void> {
    try {
      await this.#inProject(project, nowMs, work);
    } catch (error) {
      if (error instanceof StoreUnavailableError || error instanceof StoreFullError) throw error;
      if (error instanceof SignalboxError) {
        // It only lost a race.
        if (error.retryAfterMs !== undefined) return;
        if (otherwise !== undefined) {
          return this.#do({ project, work: (context) => otherwise(context, error) }, nowMs);
        }
      }
      this.#parts.onDefect('duties', error);
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
