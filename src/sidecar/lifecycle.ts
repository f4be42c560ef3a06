/**
 * One attempt as its sidecar sees it. Pure: no clock, no disk, no git.
 *
 *   accepted → prepared → running → exited → committed ─┬→ pushed → reported → gone
 *                                                       └→ kept → parked → reported
 *
 * A stage is written to disk before the step that follows it begins, and every step may be done
 * twice: so a sidecar that was killed at any line finds its stage and goes on with the same step.
 * Before `exited` there is nothing that could be finished without the command, so a restart ends
 * the attempt as interrupted; from `exited` on, everything that is still to do is known.
 *
 * `kept` means that the repository could not be reached for long: the hub is told, and the work
 * waits on this machine (`parked`) until it can be pushed. Nothing is deleted before that.
 */

export const stages = [
  'accepted',
  'prepared',
  'running',
  'exited',
  'committed',
  'pushed',
  'kept',
  'parked',
  'reported',
] as const;
export type Stage = (typeof stages)[number];

export const happenings = [
  'prepared',
  'started',
  'ended',
  'restarted',
  'committed',
  'pushed',
  'push_failed',
  'reported',
  'cleaned',
] as const;
export type Happening = (typeof happenings)[number];

/** Where an attempt goes when something happened; null where that says nothing new. */
export function move(stage: Stage, happening: Happening): Stage | 'gone' | null {
  return moves[stage][happening] ?? null;
}

const beforeExit = { ended: 'exited', restarted: 'exited' } as const;

const moves: Record<Stage, Partial<Record<Happening, Stage | 'gone'>>> = {
  accepted: { prepared: 'prepared', ...beforeExit },
  prepared: { started: 'running', ...beforeExit },
  running: beforeExit,
  exited: { committed: 'committed' },
  committed: { pushed: 'pushed', push_failed: 'kept' },
  pushed: { reported: 'reported' },
  kept: { reported: 'parked' },
  parked: { pushed: 'reported' },
  reported: { cleaned: 'gone' },
};

export type Step = 'prepare' | 'run' | 'commit' | 'push' | 'report' | 'clean';

/** What is to be done next. A parked attempt is pushed again from time to time. */
export function nextStep(stage: Stage): Step {
  return steps[stage];
}

const steps: Record<Stage, Step> = {
  accepted: 'prepare',
  prepared: 'run',
  running: 'run',
  exited: 'commit',
  committed: 'push',
  pushed: 'report',
  kept: 'report',
  parked: 'push',
  reported: 'clean',
};

/** Why the command runs no more, or never ran. The first reason is the one that counts. */
export const endings = [
  /** Exit code 0. */
  'succeeded',
  /** Another exit code, or a signal that was not ours. */
  'failed',
  /** It took longer than the task allows. */
  'timed_out',
  /** Its place of work could not be made: no such repository, no such branch. */
  'unprepared',
  /** This machine cannot do it now: a full disk, a command that is gone. Nobody's attempt. */
  'unfit',
  /** The sidecar was asked to stop at once. */
  'stopped',
  /** The sidecar or the machine died under it. */
  'interrupted',
  /** The hub cancelled the task. */
  'cancelled',
  /** The hub has handed the task to another. */
  'fenced',
  /** The account of the agent's CLI may not be used for now. */
  'limited',
  /** The hub said that it should stop, mostly because a budget is used up. */
  'over_budget',
] as const;
export type Ending = (typeof endings)[number];

/** What the attempt left: nothing, a change on its base, or work that cannot be handed in. */
export type WorkKind = 'none' | 'change' | 'broken';

export interface Facts {
  ending: Ending;
  work: WorkKind;
  hasRepository: boolean;
  isPushed: boolean;
  /** A CLI that says nothing of how it ended has not reported; a command reports by its exit. */
  hasAnswer: boolean;
}

export type Verdict = 'complete' | 'no_change' | 'fail' | 'decline' | 'silent';

/** What the hub is told. Silent where it has itself ended the attempt. */
export function verdict(facts: Facts): Verdict {
  switch (facts.ending) {
    case 'cancelled':
    case 'fenced':
      return 'silent';
    case 'unfit':
    case 'stopped':
    case 'interrupted':
    case 'limited':
    case 'over_budget':
      return 'decline';
    case 'failed':
    case 'timed_out':
    case 'unprepared':
      return 'fail';
    case 'succeeded':
      if (!facts.hasRepository) return facts.hasAnswer ? 'complete' : 'no_change';
      if (facts.work === 'none') return 'no_change';
      return facts.work === 'change' && facts.isPushed ? 'complete' : 'fail';
  }
}
