/**
 * Takes away what sessions have noted that are over: a client that is ended hard tells nobody. A
 * note that goes too early is written anew by the next hook of its session, so nothing is lost; all
 * the same each is left for a day, since not everybody who shares the folder sees its process.
 *
 * The time is that of the note of the session that sweeps, which was written just now.
 */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isProcessOf } from './session.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Who has named its session is not known by a process, and may come back. */
const NAMED_KEPT_MS = 30 * DAY_MS;
/** An agent waits for a hook: what is left is swept when the next session begins. */
const AT_ONCE = 256;

export function sweepBeside(note: string): void {
  const folder = dirname(note);
  try {
    const nowMs = statSync(note).mtimeMs;
    for (const name of readdirSync(folder).slice(0, AT_ONCE)) {
      const file = join(folder, name);
      const ageMs = nowMs - statSync(file).mtimeMs;
      if (name !== basename(note) && isOver(name, ageMs)) rmSync(file, { force: true });
    }
  } catch {
    // Another session sweeps at the same time, or this user may not: neither is the agent's matter.
  }
}

function isOver(name: string, ageMs: number): boolean {
  if (ageMs <= DAY_MS) return false;
  return ageMs > NAMED_KEPT_MS ? isProcessOf(name) !== true : isProcessOf(name) === false;
}
