/**
 * Who works in a clone, and the git that works for them there.
 *
 * Where nobody is named it is the person at the keyboard, who is then an agent of their own name:
 * work is always held by an agent. The hooks of git that our commits and pushes start are told the
 * same name and the task, so that what the task holds is no obstacle to them.
 */
import type { Client } from '../../client/index.ts';
import { type ErrorCode, SignalboxError } from '../../contract/index.ts';
import { type Clone, openClone } from '../../clone/open.ts';
import { chooseRemote, type Remote } from '../../clone/remote.ts';
import { mustHaveWork, type Work } from '../../clone/work.ts';
import { type CloneState, stateOf } from '../../clone/state.ts';
import { createGit, type Git } from '../../git/run.ts';
import { noteSession } from '../../hooks/entry/agent.ts';
import { sessionKey } from '../../hooks/entry/session.ts';
import type { Context } from '../context.ts';
import { speaker, speakerNamed } from '../place/speaker.ts';

export interface Worker {
  hub: Client;
  name: string;
  session: string;
}

export async function worker(context: Context): Promise<Worker> {
  const { env } = context;
  const { token, isAdmin, agent } = await context.place();
  const isOwnHub = token === undefined || isAdmin;
  const said = await speaker(context);
  const isNamed = said.agent !== undefined || said.token !== undefined;
  const hub = await context.hub(isNamed || !isOwnHub ? said : await speakerNamed(context, agent));
  const { name } = await hub.hub.whoami();
  const session = sessionKey(env, process.ppid);
  // The hooks that the user's own git starts go by this name too; a token has one already.
  if (isOwnHub) noteSession({ env, session }, name);
  return { hub, name, session };
}

/** In an attempt that a sidecar runs, the sidecar cuts the branch and hands in. */
export function refuseInAttempt({ env }: Context): void {
  const taskId = env['SIGNALBOX_TASK_ID'] ?? '';
  if (taskId === '') return;
  throw new SignalboxError('conflict', `A sidecar runs this attempt at ${taskId}.`, {
    hint: 'Commit as you like and end: it pushes the branch and hands the work in by itself.',
  });
}

export interface Hands {
  agent?: string;
  work?: Work;
  /** As the hub names it. */
  repository?: string;
}

/** git as the user runs it, with what hooks of ours need to know. */
export function usersGit({ env }: Context, { agent, work, repository }: Hands = {}): Git {
  const told = {
    SESSION_ID: sessionKey(env, process.ppid),
    ...(agent === undefined ? {} : { SIGNALBOX_AGENT: agent }),
    ...(repository === undefined ? {} : { SIGNALBOX_REPOSITORY: repository }),
    ...(work === undefined
      ? {}
      : { SIGNALBOX_TASK_ID: work.taskId, SIGNALBOX_FENCE: String(work.fence) }),
  };
  return createGit({ env: { ...env, ...told }, ownership: 'users' });
}

export function cloneHere(context: Context): Promise<Clone> {
  return openClone(usersGit(context), context.cwd);
}

export interface AtWork {
  clone: Clone;
  state: CloneState;
  work: Work;
  remote: Remote;
}

/** The clone that this is called in, on a branch that was taken there. */
export async function atWork(context: Context): Promise<AtWork> {
  const clone = await cloneHere(context);
  const state = await stateOf(clone);
  const work = await mustHaveWork(clone, state.branch);
  const remote = await chooseRemote(clone, { name: work.remote });
  const git = usersGit(context, { agent: work.agent, work, repository: remote.url });
  return { clone: { ...clone, git }, state, work, remote };
}

/** What stays the same of a hub that is started again. */
export async function hubName(context: Context): Promise<string> {
  const { url, dataDir } = await context.place();
  return dataDir ?? url;
}

/** The hub that the work is of, as the agent that took it. */
export async function hubOf(
  context: Context,
  work: Work,
  transport: 'hub' | 'live' = 'hub',
): Promise<Client> {
  const { token, isAdmin } = await context.place();
  const here = await hubName(context);
  if (here !== work.hub) {
    throw new SignalboxError('conflict', `${work.taskId} is of another hub, ${work.hub}.`, {
      hint: `This would ask ${here}. Start the other one, or name its address: --url URL`,
    });
  }
  const isOwnHub = token === undefined || isAdmin;
  return context[transport](isOwnHub ? await speakerNamed(context, work.agent) : {});
}

/** Says to the hub that the work goes on: nothing else beats for an agent without a sidecar. */
export async function beHeard(hub: Client, { taskId, fence, state }: Work): Promise<void> {
  if (state !== 'open') return;
  await hub.task.progress({ taskId, fence }).catch((error: unknown) => {
    const isOver = error instanceof SignalboxError && OVER.includes(error.code);
    if (!isOver) throw error;
  });
}

/** Status and hand-in say what has become of it. */
const OVER: readonly ErrorCode[] = ['stale_fence', 'conflict'];

/** Says what a refusal means to somebody whose work lies on a branch. */
export function keptOn(branch: string): (error: unknown) => never {
  const kept = `Your work is kept on the branch ${branch}`;
  const hints: Partial<Record<ErrorCode, string>> = {
    stale_fence: `The task has moved on without you. ${kept}.`,
    unavailable: `${kept}. Run the same again when the hub is back.`,
  };
  return (error) => {
    const hint = error instanceof SignalboxError ? hints[error.code] : undefined;
    if (!(error instanceof SignalboxError) || hint === undefined) throw error;
    const { code, message, details } = error;
    throw new SignalboxError(code, message, { hint, cause: error, ...(details && { details }) });
  };
}
