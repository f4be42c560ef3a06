/**
 * Which task is worked on: the one that is named, a new one of one's own, or the next one of this
 * repository that the agent can do. What cannot be worked on here is refused before it is taken.
 */
import type { Clone } from '../../clone/open.ts';
import { chooseRemote, isSameRepository, type Remote } from '../../clone/remote.ts';
import {
  type Assignment,
  Capability,
  limits,
  nameKey,
  SignalboxError,
  type Task,
} from '../../contract/index.ts';
import type { Context } from '../context.ts';
import type { Worker } from './agent.ts';
import { repositoryUrl } from '../task/repository-url.ts';

export interface Taken {
  assignment: Assignment;
  remote: Remote;
}

export async function take(context: Context, me: Worker, clone: Clone): Promise<Taken | null> {
  const title = context.options.text('title');
  const [named] = context.args;
  if (title !== undefined && named !== undefined) {
    throw new SignalboxError('invalid_input', 'A task is named, and a new one is asked for.', {
      hint: 'Give the id of a task, or --title for a new one, and not both.',
    });
  }
  if (title !== undefined) return takeOwn(context, me, { clone, title });
  if (named === undefined) return takeNext(context, me, clone);
  const { task } = await me.hub.task.show({ id: named });
  const remote = await remoteOf(context, clone, task);
  return taken(context, me, { taskId: named, remote });
}

/** A task in hand goes on, also where it was taken in another way. */
async function takeNext(context: Context, me: Worker, clone: Clone): Promise<Taken | null> {
  const here = await chooseRemote(clone, { name: context.options.text('remote') });
  const { assignment } = await me.hub.task.pull({
    ...asking(context, me),
    repository: here.url,
  });
  if (assignment === null) return null;
  return { assignment, remote: await remoteOf(context, clone, assignment.task) };
}

/**
 * A task that only this agent can do: it needs what nobody else has, so that no idle agent is
 * offered it, now or when it comes back with a failure.
 */
async function takeOwn(
  context: Context,
  me: Worker,
  { clone, title }: { clone: Clone; title: string },
): Promise<Taken> {
  const { options } = context;
  const remote = await chooseRemote(clone, { name: options.text('remote') });
  await mustBeFree(me);
  const body = options.text('body');
  const { id } = await me.hub.task.submit({
    title,
    body: body === '-' ? await context.readStdin() : body,
    repository: await repositoryUrl(context, remote.url),
    baseBranch: options.text('base'),
    checks: options.list('check'),
    paths: options.list('path'),
    needs: [ownCapability(me)],
    timeoutMs: limits.attemptTimeoutMsMax,
  });
  return taken(context, me, { taskId: id, remote });
}

/** Before a task is submitted that could then not be taken. */
async function mustBeFree({ hub, name }: Worker): Promise<void> {
  for (const state of ['offered', 'accepted', 'running'] as const) {
    const [held] = (await hub.task.list({ agent: name, state, limit: 1 })).items;
    if (held === undefined) continue;
    throw new SignalboxError('conflict', `${name} has ${held.id} in hand: ${held.title}`, {
      hint: `Go on with it (signalbox git start ${held.id}), hand it in, or give it back first.`,
    });
  }
}

async function taken(
  context: Context,
  me: Worker,
  { taskId, remote }: { taskId: string; remote: Remote },
): Promise<Taken> {
  const { assignment } = await me.hub.task.pull({ ...asking(context, me), taskId });
  if (assignment !== null) return { assignment, remote };
  throw new SignalboxError('conflict', `${taskId} could not be had just now.`, {
    hint: `signalbox why ${taskId}`,
  });
}

function asking(
  { options, env }: Context,
  me: Worker,
): { capabilities: string[]; session: string } {
  const type = Capability.safeParse(env['AGENT_TYPE']?.toLowerCase());
  const capabilities = [...options.list('capability'), ...(type.success ? [type.data] : [])];
  return { capabilities: [...capabilities, ownCapability(me)], session: me.session };
}

function ownCapability({ name }: Worker): string {
  return `agent:${nameKey(name)}`.slice(0, limits.nameCharsMax);
}

async function remoteOf({ options }: Context, clone: Clone, task: Task): Promise<Remote> {
  if (task.repository === null) {
    throw new SignalboxError('conflict', `${task.id} has no repository: no branch is cut for it.`, {
      hint: `Do it and report: signalbox call task.complete, or see signalbox task show ${task.id}`,
    });
  }
  const { url } = task.repository;
  const name = options.text('remote');
  const remote = await chooseRemote(clone, { name, url });
  if (isSameRepository(remote.url, url)) return remote;
  throw new SignalboxError(
    'conflict',
    `${remote.name} is ${remote.url}; ${task.id} is of ${url}.`,
    {
      hint: 'Its change is read from there: leave --remote out, or go into a clone of that.',
    },
  );
}
