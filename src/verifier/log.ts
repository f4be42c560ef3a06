/** What a verifier tells while it works, as values; whoever shows them finds the words. */
import type { Change, Tier } from '../contract/index.ts';
import type { CheckEnd } from './run-check.ts';

export type VerifierEvent =
  | { kind: 'ready'; checkUser: string | null; isContained: boolean }
  /** Folders and processes that a killed verifier had left. */
  | { kind: 'swept'; directories: string[] }
  | { kind: 'claimed'; change: Change }
  /** A long git command, told at most once for each phase and percent. */
  | { kind: 'fetching'; changeId: string; phase: string; percent: number }
  | { kind: 'assessed'; changeId: string; tier: Tier; rules: string[]; checks: number }
  | { kind: 'check_started'; changeId: string; command: string; number: number; of: number }
  | { kind: 'check_ended'; changeId: string; command: string; end: CheckEnd; tookMs: number }
  | { kind: 'passed'; changeId: string; commit: string; base: string; baseBranch: string }
  | { kind: 'awaiting'; changeId: string; taskId: string }
  | { kind: 'landed'; changeId: string; taskId: string; commit: string; baseBranch: string }
  | { kind: 'rejected'; changeId: string; outcome: 'check_failed' | 'conflict'; reason: string }
  | { kind: 'released'; changeId: string; reason: string; retryInMs: number }
  /** Nothing is said to the hub: the lease is gone or lapses, and whoever claims it goes on. */
  | { kind: 'left'; changeId: string; reason: string }
  | { kind: 'hub_away'; message: string }
  | { kind: 'hub_back' }
  /** Something of this machine; the work goes on. */
  | { kind: 'trouble'; message: string };

export type VerifierLog = (event: VerifierEvent) => void;
