/** What keeps new work from an agent, or from a whole project, as its row tells it. */
import type { Hold } from '../../contract/index.ts';
import type { HoldRow } from './hold-queries.ts';

/** Stands where a hold has no end of its own. */
export const FOREVER_MS = 8_640_000_000_000_000;

export function toHold(row: HoldRow | undefined): Hold | null {
  if (row?.held_until_ms === null || row === undefined) return null;
  const untilMs = row.held_until_ms < FOREVER_MS ? row.held_until_ms : null;
  return { reason: row.hold_reason ?? '', untilMs };
}
