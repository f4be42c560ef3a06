/** How deliveries are written: one statement a function. */
import type { Tx } from '../../store/db.ts';
import { join, sql } from '../../store/sql.ts';
import { type DeliveryRow, padded } from './delivery-queries.ts';
import type { Box } from './mailbox-queries.ts';

export async function insertDelivery(tx: Tx, row: DeliveryRow): Promise<void> {
  await tx.run(sql`
    insert into deliveries (project, recipient_key, seq, message_id, recipient, sender_key,
      type, is_signal, state, stored_at_ms, hand_outs, failures, available_at_ms, expires_at_ms,
      next_check_ms, version)
    values (${row.project}, ${row.recipient_key}, ${row.seq}, ${row.message_id}, ${row.recipient},
      ${row.sender_key}, ${row.type},
      ${row.is_signal}, ${row.state}, ${row.stored_at_ms}, ${row.hand_outs},
      ${row.failures}, ${row.available_at_ms}, ${row.expires_at_ms}, ${row.next_check_ms},
      ${row.version})`);
}

export async function markOffered(tx: Tx, box: Box, moved: Moved): Promise<void> {
  await tx.run(sql`
    update deliveries set offered_at_ms = ${moved.nowMs}
    where project = ${box.project} and recipient_key = ${box.key}
      and seq in (${join(padded(moved.seqs))}) and offered_at_ms is null`);
}

/** What a program took for the agent, up to a cursor. */
export function markOfferedUpTo(tx: Tx, box: Box, { upTo, nowMs }: UpTo): Promise<number> {
  return tx.run(sql`
    update deliveries set offered_at_ms = ${nowMs}
    where project = ${box.project} and recipient_key = ${box.key}
      and seq <= ${upTo} and offered_at_ms is null and next_check_ms is not null`);
}

export interface UpTo {
  upTo: number;
  nowMs: number;
}

export interface Moved {
  seqs: readonly number[];
  nowMs: number;
}

export function markSeen(tx: Tx, box: Box, { seqs, nowMs }: Moved): Promise<number> {
  return tx.run(sql`
    update deliveries set seen_at_ms = ${nowMs},
      offered_at_ms = coalesce(offered_at_ms, ${nowMs})
    where project = ${box.project} and recipient_key = ${box.key}
      and seq in (${join(padded(seqs))}) and seen_at_ms is null`);
}

/** Ends what is open of these. */
export function markAcked(tx: Tx, box: Box, { seqs, nowMs }: Moved): Promise<number> {
  return tx.run(sql`
    update deliveries set state = 'acked', acked_at_ms = ${nowMs},
      seen_at_ms = coalesce(seen_at_ms, ${nowMs}),
      offered_at_ms = coalesce(offered_at_ms, ${nowMs}),
      lease_until_ms = null, next_check_ms = null, version = version + 1
    where project = ${box.project} and recipient_key = ${box.key}
      and seq in (${join(padded(seqs))}) and next_check_ms is not null`);
}

export async function markLeased(tx: Tx, box: Box, lease: Moved & Lease): Promise<void> {
  await tx.run(sql`
    update deliveries set state = 'leased', lease_until_ms = ${lease.leaseUntilMs},
      next_check_ms = case when expires_at_ms < ${lease.leaseUntilMs} then expires_at_ms
        else ${lease.leaseUntilMs} end,
      hand_outs = hand_outs + 1,
      offered_at_ms = coalesce(offered_at_ms, ${lease.nowMs}), version = version + 1
    where project = ${box.project} and recipient_key = ${box.key}
      and seq in (${join(padded(lease.seqs))}) and state = 'pending'`);
}

export interface Lease {
  leaseUntilMs: number;
}

/** Writes what may change of a delivery that was read at this version; false when it has moved. */
export async function updateDelivery(tx: Tx, row: DeliveryRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update deliveries set seq = ${row.seq}, state = ${row.state},
      offered_at_ms = ${row.offered_at_ms}, seen_at_ms = ${row.seen_at_ms},
      acked_at_ms = ${row.acked_at_ms},
      answered_at_ms = ${row.answered_at_ms}, hand_outs = ${row.hand_outs},
      failures = ${row.failures}, available_at_ms = ${row.available_at_ms},
      lease_until_ms = ${row.lease_until_ms}, expires_at_ms = ${row.expires_at_ms},
      reason = ${row.reason}, next_check_ms = ${row.next_check_ms}, version = ${row.version + 1}
    where message_id = ${row.message_id} and recipient_key = ${row.recipient_key}
      and version = ${row.version}`);
  return changed === 1;
}

/** Whoever is gone holds nothing: its leases have ended, and the next round counts them. */
export async function endLeases(tx: Tx, { project, key }: Box, nowMs: number): Promise<void> {
  await tx.run(sql`
    update deliveries set lease_until_ms = ${nowMs}, next_check_ms = ${nowMs},
      version = version + 1
    where project = ${project} and recipient_key = ${key} and state = 'leased'
      and next_check_ms is not null`);
}

/** Time in which no hub ran counts against nobody. */
export async function rearmDeliveries(tx: Tx, leaseUntilMs: number): Promise<void> {
  await tx.run(sql`
    update deliveries set lease_until_ms = ${leaseUntilMs}, next_check_ms = ${leaseUntilMs}
    where state = 'leased' and next_check_ms is not null and next_check_ms < ${leaseUntilMs}`);
}
