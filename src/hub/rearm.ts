/**
 * Time in which no hub ran counts against nobody: leases, offers and the patience with silence
 * begin anew.
 */
import { limits } from '../contract/index.ts';
import type { Random } from '../core/random.ts';
import { rearmLeases } from '../domain/agent/index.ts';
import { lapseChanges, rearmChanges } from '../domain/change/queries.ts';
import { rearmLockSessions } from '../domain/lock/session-queries.ts';
import { rearmDeliveries } from '../domain/message/delivery-write-queries.ts';
import { replanSchedules } from '../domain/schedule/sweep.ts';
import { rearmOffers, rearmSilence } from '../domain/task/queries.ts';
import type { Store } from '../store/db.ts';
import { commandContext } from './context.ts';
import { hubActor, TICK_MS } from './duties.ts';
import type { Rounds } from './rounds.ts';
import type { HubClock } from './time.ts';

interface Parts {
  store: Store;
  random: Random;
  clock: HubClock;
}

export async function rearm(
  { store, random }: Pick<Parts, 'store' | 'random'>,
  nowMs: number,
): Promise<void> {
  await store.transaction(async (tx) => {
    await rearmLeases(tx, nowMs + limits.agentLeaseMs);
    await rearmOffers(tx, nowMs + limits.offerMs);
    await rearmSilence(tx, nowMs);
    await rearmLockSessions(tx, nowMs);
    await rearmDeliveries(tx, nowMs + limits.messageLeaseMs);
    await rearmChanges(tx, nowMs + limits.verifierLeaseMs);
    await replanSchedules(commandContext({ tx, actor: hubActor('default'), nowMs, random }));
  });
}

/** Who looks twice a second was away when there is more than this between two looks. */
const ABSENT_MS = 3_000;

/**
 * Rounds of duties that know when there were none, because the process was stopped or its machine
 * slept: whoever was not heard of in that time had nobody to be heard by. The looks are rounds of
 * their own, because duties may be long, and beats are heard beside them.
 */
export function beginDuties(
  rounds: Rounds,
  parts: Parts,
  duties: (nowMs: number) => Promise<void>,
): void {
  const { clock } = parts;
  let lookedMs = clock.nowMs();
  let wasAway = false;
  const look = (): number => {
    const nowMs = clock.nowMs();
    wasAway ||= nowMs - lookedMs > ABSENT_MS;
    lookedMs = nowMs;
    return nowMs;
  };
  rounds.begin(TICK_MS, async () => void look());
  rounds.begin(TICK_MS, async () => {
    await clock.sync();
    // One moment for all of it: who is away in the middle ends nothing by what it finds then.
    const nowMs = look();
    if (wasAway) await rearm(parts, nowMs);
    wasAway = false;
    await duties(nowMs);
  });
}

/**
 * A verifier in the hub's own process has ended with it, and nobody waits for that one. (On
 * PostgreSQL it may be that of another hub, which lives.)
 */
export async function forgetOwnVerifier(
  { store, ownVerifier }: { store: Store; ownVerifier?: string | undefined },
  nowMs: number,
): Promise<void> {
  if (store.engine !== 'sqlite' || ownVerifier === undefined) return;
  await store.transaction((tx) => lapseChanges(tx, { verifier: ownVerifier, nowMs }));
}
