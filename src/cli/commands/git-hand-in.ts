/** Hands the work of a clone in: trailers, a plain push, and the word to the hub. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { committerEnv } from '../../clone/cut.ts';
import { type Author, commitRest, pushHead, sealNewest, workOf } from '../../clone/hand-in.ts';
import { type Clone, commitAt } from '../../clone/open.ts';
import { type Base, chooseRemote, fetchBase } from '../../clone/remote.ts';
import { type CloneState, mustBeClean, mustBeFinished, stateOf } from '../../clone/state.ts';
import { keepWork, type Work, workOn } from '../../clone/work.ts';
import type { Client } from '../../client/index.ts';
import { type Output, SignalboxError } from '../../contract/index.ts';
import { workTrailers } from '../../git/message.ts';
import { agentName } from '../../hooks/entry/agent.ts';
import { sessionKey } from '../../hooks/entry/session.ts';
import type { Attended } from '../task/attend.ts';
import type { Context } from '../context.ts';
import { atWork, cloneHere, hubOf, keptOn, refuseInAttempt, usersGit } from '../git/agent.ts';
import { pullRequestOf } from '../git/pull-request.ts';
import { shortId } from '../words/git.ts';
import { stateWord } from '../terminal/states.ts';
import { stayWith } from './task-wait.ts';

export async function handIn(context: Context): Promise<number> {
  const { options } = context;
  refuseInAttempt(context);
  if (options.has('wait') && (options.has('draft') || options.isOff('task')))
    throw nothingToAwait();
  if (!options.isOff('task')) return handInTask(context);
  await pushOnly(context);
  return 0;
}

async function handInTask(context: Context): Promise<number> {
  const { options, output } = context;
  const { clone, state, work, remote } = await atWork(context);
  refuseLater(work, state);
  const hub = await hubOf(context, work, options.has('wait') ? 'live' : 'hub');
  const author = { env: await committerEnv(clone, work.agent), trailers: workTrailers(work) };
  const base = await fetchBase(clone, remote, work.baseBranch);
  const ready = { clone, state, author, base, branch: work.branch, title: work.title };
  const head = await prepare(context, ready);
  const range = await workOf(clone, base.commit);
  const file = options.text('prBody');
  const prose = file === undefined ? null : await pullRequestOf({ clone, work, hub, base, range });
  await pushHead(clone, { remote, branch: work.branch, head });
  if (file !== undefined && prose !== null) await writeFile(resolve(context.cwd, file), prose.body);
  const { branch } = work;
  if (options.has('draft')) {
    const { taskId, fence } = work;
    await hub.task.progress({ taskId, fence }).catch(keptOn(branch));
    const words = `Pushed ${branch} at ${shortId(head)}. The task stays with you.`;
    output.give({ task: null, branch, ...range }, () => [words]);
    return 0;
  }
  const { taskId, fence } = work;
  const ending = options.has('wait') ? await before(context, hub) : undefined;
  const input = { taskId, fence, report: options.text('message'), change: { branch, ...range } };
  const task = await hub.task.complete(input).catch(keptOn(branch));
  await keepWork(clone, { ...work, state: 'handed_in', head });
  const words = (): string[] => inWords(context, { task, work, head });
  if (ending === undefined) {
    output.give({ task, branch, ...range }, words);
    return 0;
  }
  if (!output.isJson) words().forEach((line) => output.line(line));
  return stayWith(context, { hub, id: taskId, ends: ['task.queued'], ...ending });
}

/** What comes after the word to the hub is what is waited for. */
async function before(context: Context, hub: Client): Promise<Pick<Attended, Before>> {
  const interruption = context.interruption();
  const { headCursor: after } = await hub.event.list({ limit: 1 }, { signal: interruption });
  return { after, interruption };
}

type Before = 'after' | 'interruption';

function nothingToAwait(): SignalboxError {
  return new SignalboxError('invalid_input', '--wait goes with neither --draft nor --no-task.', {
    hint: 'Nothing is tested before the task is handed in.',
  });
}

/** What is tested is what was handed in: more of it would be left out without a word. */
function refuseLater({ state, head, taskId }: Work, standing: CloneState): void {
  if (state !== 'handed_in' || head === null) return;
  if (standing.head === head && standing.uncommitted.length === 0) return;
  throw new SignalboxError('conflict', `${taskId} is handed in, at ${shortId(head)}.`, {
    hint:
      'What came after is not part of it. If the task comes back: signalbox git start ' +
      `${taskId}. Else keep it for another one: git switch --create NAME`,
  });
}

interface Ready {
  clone: Clone;
  state: CloneState;
  author: Author;
  base: Base;
  branch: string;
  /** Of the commit that is made of what is left, where no message was given. */
  title: string;
}

const LEFT = 'Commit it, or let it be committed too: signalbox git hand-in --all -m "…"';

/** Everything committed and marked as the task's; answers the newest commit. */
async function prepare(context: Context, ready: Ready): Promise<string> {
  const { options, output } = context;
  const { clone, state, author, base, branch } = ready;
  mustBeFinished(state);
  if (!options.has('all')) mustBeClean(state, LEFT);
  if (state.uncommitted.length > 0) {
    await commitRest(clone, options.text('message') ?? ready.title, author);
  }
  await workOf(clone, base.commit);
  const seal = await sealNewest(clone, author, base.heads.get(branch) ?? null);
  if (seal === 'pushed') {
    output.note('The newest commit has no trailers; it was pushed, so it stays as it is.', 'note');
  }
  // A hook of the user may have changed files beside the commit.
  mustBeClean(await stateOf(clone), LEFT);
  return (await commitAt(clone, 'HEAD')) ?? '';
}

function inWords(
  { output }: Context,
  { task, work, head }: { task: Output<'task.complete'>; work: Work; head: string },
): string[] {
  const next =
    task.state === 'verifying'
      ? `It is tested now and lands if it passes: signalbox task wait ${task.id}`
      : `See signalbox task show ${task.id}`;
  return [
    `${task.id}  ${stateWord(output, task.state)}`,
    `Pushed ${work.branch} at ${shortId(head)}.`,
    next,
  ];
}

/** Without a word to the hub; on any branch but the base. */
async function pushOnly(context: Context): Promise<void> {
  const { options, output } = context;
  const found = await cloneHere(context);
  const state = await stateOf(found);
  const work = await workOn(found, state.branch);
  const remote = await chooseRemote(found, { name: options.text('remote') ?? work?.remote });
  const base = await fetchBase(found, remote, work?.baseBranch ?? options.text('base') ?? null);
  const { branch } = state;
  if (branch === null || branch === base.branch) throw noBranch(branch);
  const agent = nameOf(context, work);
  const hands = { agent, repository: remote.url, ...(work === undefined ? {} : { work }) };
  const clone = { ...found, git: usersGit(context, hands) };
  const trailers = work === undefined ? { 'Signalbox-Agent': agent } : workTrailers(work);
  const author = { env: await committerEnv(clone, agent), trailers };
  const head = await prepare(context, { clone, state, author, base, branch, title: branch });
  const range = await workOf(clone, base.commit);
  await pushHead(clone, { remote, branch, head });
  const words = `Pushed ${branch} at ${shortId(head)}. No task was handed in.`;
  output.give({ task: null, branch, ...range }, () => [words]);
}

function nameOf(context: Context, work: Work | undefined): string {
  const { options, env } = context;
  const session = sessionKey(env, process.ppid);
  return options.text('as') ?? work?.agent ?? agentName({ env, session }) ?? 'Signalbox';
}

function noBranch(branch: string | null): SignalboxError {
  const where =
    branch === null ? 'No branch is checked out' : `${branch} is the base branch itself`;
  return new SignalboxError('conflict', `${where}; nothing is pushed.`, {
    hint: 'Put your commits on a branch of their own: git switch --create NAME',
  });
}
