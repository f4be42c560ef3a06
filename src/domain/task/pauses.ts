/**
 * Where budgets and pauses meet work: what is held back gets nothing new, and what is let go gets
 * what waits for it at once.
 */
import { limits, nameKey, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import {
  type AgentRow,
  lockProject,
  requireAgent,
  saveFullness,
  savePause,
  shownAgent,
} from '../agent/index.ts';
import { PROJECT, review } from '../budget/index.ts';
import type { CommandContext } from '../event/index.ts';
import { matchAll, matchFreed } from './schedule.ts';

/** What a budget or a pause means for hand-outs now. Whoever calls holds the project's row. */
export async function reviewAndMatch(context: CommandContext, subject: string): Promise<void> {
  const { isFreed } = await review(context, subject);
  if (!isFreed) return;
  if (subject === PROJECT) await matchAll(context);
  else await matchFreed(context, subject);
}

/** The time of a hold has come. */
export async function reopen(context: CommandContext, subject: string): Promise<void> {
  await lockProject(context.tx, context.actor.project);
  await reviewAndMatch(context, subject);
}

export async function pause(
  context: CommandContext,
  input: Parsed<'agent.pause'>,
): Promise<Output<'agent.pause'>> {
  const { tx, nowMs } = context;
  const { untilMs, reason } = input;
  const agent = await requireOwn(context, input.agent);
  if (untilMs <= nowMs || untilMs > nowMs + limits.pauseMsMax) {
    throw new SignalboxError('invalid_input', 'a pause ends in the future, within 31 days', {
      hint: 'Give untilMs in milliseconds since 1970, by the clock of the hub.',
      details: { untilMs, nowMs },
    });
  }
  const theirs = isPausedByAnother(context, agent) ? agent : null;
  if (theirs !== null && untilMs < (theirs.paused_until_ms ?? 0)) throw notYours(theirs);
  const own = { pause_reason: reason, paused_by: context.actor.name };
  const { pause_reason, paused_by } = theirs ?? own;
  await savePause(tx, agent, { paused_until_ms: untilMs, pause_reason, paused_by });
  await reviewAndMatch(context, agent.key);
  return shownAgent(context, agent);
}

export async function resume(
  context: CommandContext,
  input: Parsed<'agent.resume'>,
): Promise<Output<'agent.resume'>> {
  const agent = await requireOwn(context, input.agent);
  if (isPausedByAnother(context, agent)) throw notYours(agent);
  const over = { paused_until_ms: null, pause_reason: null, paused_by: null };
  await savePause(context.tx, agent, over);
  await emptyContext(context, agent);
  return shownAgent(context, agent);
}

/** An agent may make such a pause longer, and it stays whose it was; an operator may all. */
function isPausedByAnother({ actor, nowMs }: CommandContext, agent: AgentRow): boolean {
  const { paused_until_ms: untilMs, paused_by: who } = agent;
  if (untilMs === null || untilMs <= nowMs || actor.scopes.has('operate')) return false;
  return who !== null && nameKey(who) !== actor.key;
}

function notYours({ name, paused_by: who, pause_reason: reason }: AgentRow): SignalboxError {
  return new SignalboxError('forbidden', `${name} was paused by ${who}: ${reason}`, {
    hint: 'An operator ends it with `signalbox agent resume`; or wait until its time is over.',
  });
}

/** It begins anew: nothing is known of how full its context is. */
export async function emptyContext(context: CommandContext, agent: AgentRow): Promise<void> {
  if (agent.full_until_ms !== null) {
    await saveFullness(context.tx, agent, { full_until_ms: null, full_percent: null });
  }
  await reviewAndMatch(context, agent.key);
}

/** The caller, or for an operator any agent. Holds the project's row. */
async function requireOwn(context: CommandContext, name: string | undefined): Promise<AgentRow> {
  const { tx, actor } = context;
  const key = name === undefined ? actor.key : nameKey(name);
  if (key !== actor.key && !actor.scopes.has('operate')) {
    throw new SignalboxError('forbidden', `${actor.name} may pause and resume itself alone`, {
      hint: 'Leave the agent out, or let an operator do it.',
    });
  }
  await lockProject(tx, actor.project);
  return requireAgent(context, name ?? actor.name);
}
