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
import { hubActor } from './duties.ts';

export async function rearm(
  { store, random }: { store: Store; random: Random },
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
