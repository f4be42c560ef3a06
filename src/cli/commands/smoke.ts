/**
 * The whole pipeline with tasks that cost no tokens: agents, a bare repository, tasks in, commits
 * out. It ends well only when the repository itself holds each of them once.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../client/index.ts';
import { SignalboxError } from '../../contract/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { createGit } from '../../git/run.ts';
import type { Context } from '../context.ts';
import { Cast } from '../demo/cast.ts';
import { missing } from '../demo/proof.ts';
import { createScreen } from '../terminal/screen.ts';
import { shellWord } from '../demo/shell-word.ts';
import { type Copy, writeSample } from '../demo/source.ts';
import { childEnvironment } from '../demo/station.ts';
import { step, type Steps } from '../demo/steps.ts';
import { logTails } from '../demo/trouble.ts';
import { follow } from '../task/follow.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { untilStopped } from '../terminal/interruption.ts';
import { Stopwatch } from '../smoke/measure.ts';
import { smokeCapability, smokeTasks, type SmokeTask } from '../smoke/plan.ts';
import { reportLines, reportOf, type Report } from '../smoke/report.ts';
import { closeStage, openStage, operatorOf, startCrew, type Stage } from '../smoke/stage.ts';
import { counted } from '../words/time.ts';

const LIMIT_MS = 3 * 60_000;
const AGENTS_MAX = 32;
const TASKS_MAX = 1_000;

interface Smoke extends Steps {
  context: Context;
  stage: Stage;
  agents: number;
  tasks: number;
  limitMs: number;
}

interface Done {
  id: string;
  part: SmokeTask;
}

export async function smoke(context: Context): Promise<void> {
  const { options, output, env, clock } = context;
  const agents = options.integer('agents', { min: 1, max: AGENTS_MAX }) ?? 2;
  const tasks = options.integer('tasks', { min: 1, max: TASKS_MAX }) ?? 10;
  const limitMs = options.durationMs('timeout') ?? LIMIT_MS;
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-smoke-')));
  const children = childEnvironment(env, folder);
  const cast = new Cast({ clock, env: children, folder });
  const screen = createScreen(output, env);
  const interruption = untilStopped(context.interruption());
  const run = Buffer.from(systemRandom().bytes(3)).toString('hex');
  const setting = { cast, clock, env: children, folder, stop: interruption.signal, run };
  const common = { context, screen, output, clock, agents, tasks, limitMs };
  let isFine = false;
  let hasBegun = false;
  try {
    const words = (): string => 'looking for a hub';
    const stage = await step(common, words, async () => {
      const result = await openStage(context, setting);
      const whose = result.isOwn ? 'a hub of its own, on SQLite' : 'the hub in use';
      return { result, outcome: `${whose} at ${result.url}` };
    });
    hasBegun = true;
    await perform({ ...common, stage });
    isFine = true;
  } finally {
    await cast.close();
    interruption.close();
    const isOfUse = hasBegun && (!isFine || options.has('keep'));
    if (!isOfUse) await rm(folder, { recursive: true, force: true });
    else screen.say(`Everything lies in ${folder}; to remove it: rm -rf ${shellWord(folder)}`);
  }
}

async function perform(given: Smoke): Promise<void> {
  const { stage, clock } = given;
  const submitted: Done[] = [];
  let open: string[] = [];
  try {
    const copy = await repositoryIn(given);
    const names = await crewOf(given, copy);
    const client = await operatorOf(stage);
    const startedMs = clock.nowMs();
    let watch: Stopwatch;
    try {
      watch = await runTasks(given, { client, copy, submitted });
    } finally {
      open = submitted.map(({ id }) => id);
      client.close();
    }
    const tookMs = clock.nowMs() - startedMs;
    const problems = await missing(copy, submitted);
    const report = reportOf({ agents: names, tasks: watch.all, tookMs, problems });
    open = report.tasks.filter(({ state }) => state !== 'done').map(({ id }) => id);
    tell(given, report);
    if (problems.length > 0) throw notLanded(problems);
  } catch (error) {
    if (!stage.stop.aborted) given.screen.say(...(await logTails(stage.players)));
    throw stage.stop.aborted ? stage.stop.reason : error;
  } finally {
    await closeStage(stage, open);
  }
}

async function repositoryIn(given: Smoke): Promise<Copy> {
  const git = createGit({ env: given.context.env });
  const dir = join(given.stage.folder, 'smoke.git');
  return { ...(await writeSample({ git, dir })), origin: 'a sample' };
}

function crewOf(given: Smoke, copy: Copy): Promise<string[]> {
  const { stage, agents: count } = given;
  return step(
    given,
    () => `starting ${counted(count, 'agent')}`,
    async () => {
      const result = await startCrew(stage, { repository: copy.dir, count });
      return { result, outcome: `${counted(count, 'agent')}: ${result.join(', ')}` };
    },
  );
}

interface Work {
  client: Client;
  copy: Copy;
  /** Filled as soon as they are there. */
  submitted: Done[];
}

async function runTasks(given: Smoke, { client, copy, submitted }: Work): Promise<Stopwatch> {
  const { stage, tasks: count } = given;
  const { cursor } = await client.hub.status();
  const parts = smokeTasks(stage.run, count);
  const needs = [smokeCapability(stage.run)];
  const where = { repository: copy.dir, baseBranch: copy.branch, needs };
  const orders = parts.map(({ title, body, check }) => ({
    title,
    body,
    checks: [check],
    ...where,
  }));
  const { tasks } = await client.batch.submit({ tasks: orders });
  for (const [index, part] of parts.entries()) submitted.push({ id: tasks[index]?.id ?? '', part });
  const watch = new Stopwatch(submitted.map(({ id }) => id));
  const done = (): number => watch.all.filter(({ state }) => state === 'done').length;
  await step(
    given,
    () => `${done()} of ${counted(count, 'task')} done`,
    async () => {
      const late = await whileGoing(given, client, { watch, cursor });
      if (late !== undefined) throw notLanded([late]);
      return { result: undefined, outcome: `${done()} of ${counted(count, 'task')} done` };
    },
  );
  return watch;
}

/** Answers what kept the run from its end. */
async function whileGoing(
  { stage, clock, limitMs }: Smoke,
  hub: Client,
  { watch, cursor: after }: { watch: Stopwatch; cursor: number },
): Promise<string | undefined> {
  const enough = new AbortController();
  const interruption = AbortSignal.any([stage.stop, enough.signal]);
  const onEvent = (event: Parameters<Stopwatch['take']>[0]): boolean => {
    watch.take(event);
    return watch.isOver;
  };
  const told = follow({ hub, after, interruption, onEvent }).then(() => undefined);
  const seconds = Math.round(limitMs / 1_000);
  const late = clock.sleep(limitMs, interruption).then(async () => {
    return `it took over ${seconds} s; ${await whyOf(hub, watch)}`;
  });
  const gone = stage.cast.someoneEnds();
  try {
    const failure = await Promise.race([told, late, gone]);
    stage.stop.throwIfAborted();
    const bad = watch.all.find(({ state }) => state !== 'done');
    return failure ?? (bad === undefined ? undefined : `${bad.id} is ${bad.state}`);
  } finally {
    enough.abort();
  }
}

async function whyOf(hub: Client, watch: Stopwatch): Promise<string> {
  const first = watch.all.find(({ state }) => state !== 'done');
  if (first === undefined) return 'all are done';
  const why = await hub.why({ id: first.id }, { timeoutMs: 3_000 }).catch(() => undefined);
  return `${first.id} is ${first.state}${why === undefined ? '' : `: ${why.summary}`}`;
}

function tell({ output, stage }: Smoke, report: Report): void {
  const { url, isOwn } = stage;
  output.give({ url, isOwn, ...report }, () => reportLines(output, report));
}

function notLanded(problems: readonly string[]): SignalboxError {
  const said = harmlessLine(problems.join('; '));
  return new SignalboxError('unavailable', `Not everything landed: ${said}`, {
    hint: '`signalbox why ID` tells of a task. A slow machine needs more time: --timeout 10m.',
  });
}
