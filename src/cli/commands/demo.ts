/**
 * The whole way once, on this machine: a hub, two agents and a bare copy of a repository in one
 * temporary folder; tasks go in, changes are checked, commits land. It ends well only when the bare
 * repository itself holds all of them.
 */
import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import { createGit } from '../../git/run.ts';
import type { Context } from '../context.ts';
import { AGENT_SCRIPT } from '../demo/agent.ts';
import { Cast, type Player } from '../demo/cast.ts';
import { heading, keptLines, landedLines, timelines, whereabouts } from '../demo/farewell.ts';
import { planIn } from '../demo/plan.ts';
import { play, readFailures, type Ending } from '../demo/play.ts';
import { landedOn, missing } from '../demo/proof.ts';
import { createScreen } from '../terminal/screen.ts';
import { freeFolder, makeCopy, readPolicy, type Copy } from '../demo/source.ts';
import { shellWord } from '../demo/shell-word.ts';
import * as station from '../demo/station.ts';
import { step, type Steps } from '../demo/steps.ts';
import { secondsInWords } from '../demo/timeline.ts';
import { logTails, whatHangs } from '../demo/trouble.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { untilStopped } from '../terminal/interruption.ts';

const LIMIT_MS = 3 * 60_000;

interface Demo extends Steps, station.Place {
  context: Context;
  startedMs: number;
  limitMs: number;
  players: Player[];
}

export async function demo(context: Context): Promise<void> {
  const { output, env, clock } = context;
  // Before anything is begun: what is refused here leaves nothing behind.
  const limitMs = context.options.durationMs('timeout') ?? LIMIT_MS;
  const startedMs = clock.nowMs();
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-demo-')));
  const children = station.childEnvironment(env, folder);
  const cast = new Cast({ clock, env: children, folder });
  const screen = createScreen(output, env);
  const interruption = untilStopped(context.interruption());
  const stop = interruption.signal;
  const common = { output, screen, clock, cast, env: children, folder, stop };
  const given: Demo = { ...common, context, startedMs, limitMs, players: [] };
  try {
    await run(given);
  } catch (error) {
    await tellTrouble(given);
    throw stop.aborted ? stop.reason : error;
  } finally {
    await cast.close();
    interruption.close();
  }
}

async function tellTrouble({ players, screen, folder, stop }: Demo): Promise<void> {
  // Where nothing was begun there is nothing to look at.
  if (players.length === 0) return rm(folder, { recursive: true, force: true });
  if (!stop.aborted) screen.say(...(await logTails(players)));
  screen.say('', `Everything lies in ${folder}; to remove it: rm -rf ${shellWord(folder)}`);
}

async function run(given: Demo): Promise<void> {
  const { screen, output, folder, cast } = given;
  screen.say(heading(output, 'Signalbox: from tasks to commits, with two agents').trimEnd(), '');
  const copy = await copyFor(given);
  const hub = await hubFor(given);
  try {
    const agents = await agentsFor(given, hub, copy);
    const ending = await perform(given, hub, copy);
    for (const agent of agents) await cast.stop(agent);
    await prove(copy, ending);
    screen.say(...(await landedLines(output, copy)), ...timelines(output, ending.rows));
    screen.say(...whereabouts(output, folder, copy));
    if (given.context.options.has('keep')) {
      const program = await cast.writeProgram();
      screen.say(...keptLines(output, hub, { copy, program }));
      cast.release(hub.player);
    }
    await summary(given, copy, ending);
  } finally {
    hub.admin.close();
  }
}

async function copyFor(given: Demo): Promise<Copy> {
  const { context, stop, folder } = given;
  const repo = context.options.text('repo');
  const git = createGit({ env: context.env });
  let phase = '';
  return step(
    given,
    () => `copying ${harmlessLine(repo ?? 'this project')}${phase}`,
    async () => {
      const result = await makeCopy({
        git,
        dir: join(folder, 'copy.git'),
        repo,
        cwd: context.cwd,
        signal: stop,
        onProgress: (progress) => (phase = `: ${progress.phase} ${progress.percent} %`),
      });
      return { result, outcome: `${harmlessLine(result.origin)} to ${result.dir}` };
    },
  );
}

async function hubFor(given: Demo): Promise<station.HubAt> {
  return step(
    given,
    () => 'starting a hub',
    async () => {
      const result = await station.startHub(given, (player) => given.players.push(player));
      return { result, outcome: `hub on SQLite at ${result.url}, with a verifier beside it` };
    },
  );
}

async function agentsFor(given: Demo, hub: station.HubAt, copy: Copy): Promise<Player[]> {
  const script = join(given.folder, 'agent.sh');
  await writeFile(script, AGENT_SCRIPT);
  await chmod(script, 0o755);
  const names = station.AGENTS.join(' and ');
  return step(
    given,
    () => `starting the agents ${names}`,
    async () => {
      const work = { repository: copy.dir, command: ['sh', script] };
      const begun = (player: Player): number => given.players.push(player);
      const result = await station.startAgents(given, hub, { ...work, begun });
      return { result, outcome: `agents ${names}, each running: sh ${shellWord(script)}` };
    },
  );
}

async function perform(given: Demo, hub: station.HubAt, copy: Copy): Promise<Ending> {
  const { screen } = given;
  if ((await readPolicy(copy)) !== null) {
    screen.say(`  This repository has a policy, .signalbox/policy.yaml: its checks run too.`);
  }
  const client = await station.operatorOf(hub);
  try {
    const parts = planIn(await freeFolder(copy));
    const ending = await play({ ...given, hub: client, copy }, parts);
    if (ending.failure === undefined) {
      await readFailures(client, ending.rows);
      return ending;
    }
    screen.say('', ...(await whatHangs(client, ending.rows)));
    throw notLanded(ending.failure);
  } finally {
    client.close();
  }
}

/** The word of the hub is not enough. */
async function prove(copy: Copy, { rows }: Ending): Promise<void> {
  const problems = await missing(copy, rows);
  if (problems.length > 0) throw notLanded(problems.join('; '));
}

async function summary(given: Demo, copy: Copy, { rows }: Ending): Promise<void> {
  const { output, clock, startedMs, folder } = given;
  const landed = await landedOn(copy);
  const took = secondsInWords(clock.nowMs() - startedMs);
  const again = rows.filter(({ events }) => events.some(({ data }) => (data.attempt ?? 0) > 1));
  const { dir: repository, branch, base } = copy;
  const tasks = rows.map(({ id, part, state, attempt }) => ({
    id,
    title: part.title,
    state,
    attempts: attempt,
  }));
  output.give({ folder, repository, branch, base, tasks, landed }, () => [
    '',
    `${output.paint('green', output.isTty ? '✓' : 'ok:')} ${rows.length} tasks, ` +
      `${landed.length} commits on ${branch}, ${again.length} tasks done again, in ${took}.`,
  ]);
}

function notLanded(reason: string): SignalboxError {
  return new SignalboxError('unavailable', `Not everything landed: ${harmlessLine(reason)}`, {
    hint: 'See what each open task waits for, above. A slow repository needs --timeout 20m.',
  });
}
