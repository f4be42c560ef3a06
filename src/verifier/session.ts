/** What the steps of a verification share: the tools of this verifier, and one change in hand. */
import type { Client } from '../client/client.ts';
import type { Change } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Git } from '../git/run.ts';
import type { Launcher } from './launcher.ts';
import type { Lease } from './lease.ts';
import type { VerifierLog } from './log.ts';
import type { Report } from './report.ts';
import type { ScratchPlace } from './scratch.ts';
import type { Strike } from './verdict.ts';

export interface Tools {
  client: Client;
  clock: Clock;
  random: Random;
  git: Git;
  launcher: Launcher;
  place: ScratchPlace;
  /** PATH and LANG of the checks. */
  checkEnv: Record<string, string>;
  graceMs: number;
  log: VerifierLog;
  /** Aborted when the verifier is to end. */
  stop: AbortSignal;
}

export interface Session {
  tools: Tools;
  change: Change;
  lease: Lease;
  report: Report;
  /** If it cannot be dealt with this time either. */
  strike: Strike;
  /** Aborted when the lease is lost or the verifier is to end. */
  signal: AbortSignal;
}
