/**
 * Before a commit and before a push: are the paths in it locked by somebody else?
 *
 * What a merge took over unchanged from one of its sides is not its doing, so only paths count that
 * differ from every parent. `SIGNALBOX_SKIP=1`, and git's own --no-verify, pass it by.
 */
import { agentName, speakerOf } from './agent.ts';
import { asData, timeInWords } from './data.ts';
import { SILENCE, type Answer } from './dialect.ts';
import { pathsToCommit, pathsToPush } from './git-paths.ts';
import { holderOf } from './holder.ts';
import { outputOf } from './hub.ts';
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './json.ts';
import { nonEmpty, type Env } from './places.ts';
import { escapePath, repositoryOf } from './repository.ts';
import { sessionKey } from './session.ts';
import { readStdin } from './stdin.ts';
import { wordsOf } from './trouble.ts';

const PORTION = 200;
const TOLD_MAX = 10;
const PATH_CHARS_MAX = 1_000;

export interface GitRun {
  name: string;
  args: readonly string[];
  env: Env;
  cwd: string;
  parentPid: number;
  stdin: NodeJS.ReadStream;
}

export async function runGitHook(run: GitRun): Promise<Answer> {
  if ((run.env['SIGNALBOX_SKIP'] ?? '') !== '') return SILENCE;
  try {
    const all = await pathsOf(run);
    const paths = all.filter(canBeAsked);
    const found = repositoryOf(run.cwd);
    if (all.length === 0 || found === undefined) return SILENCE;
    const repository = nonEmpty(run.env['SIGNALBOX_REPOSITORY']) ?? found.url;
    const items = paths.map((path) => ({ path: escapePath(path), repository }));
    const obstacles = await obstaclesTo(run, items);
    if (obstacles.length > 0) return refused(run.name, obstacles);
    const odd = all.length - paths.length;
    return odd === 0 ? SILENCE : { ...SILENCE, stderr: unchecked(odd) };
  } catch (error) {
    const isStrict = run.env['SIGNALBOX_HOOKS'] === 'strict';
    const then = isStrict ? 'SIGNALBOX_HOOKS is strict: refused.' : 'Locks were not checked.';
    return { stdout: '', stderr: `signalbox: ${wordsOf(error)} ${then}\n`, exitCode: +isStrict };
  }
}

async function pathsOf({ name, args, cwd, stdin }: GitRun): Promise<string[]> {
  if (name === 'pre-commit') return pathsToCommit(cwd);
  // Where no name of a remote was pushed to, git gives the URL twice.
  const remote = args[0] === args[1] ? undefined : args[0];
  if (name === 'pre-push') return pathsToPush(cwd, remote, await readStdin(stdin));
  return [];
}

/** As long as the hub takes a path, and without what it refuses; one odd name hides no others. */
function canBeAsked(path: string): boolean {
  return escapePath(path).length <= PATH_CHARS_MAX && !/[\p{Cc}\p{Cs}\ufffd]/u.test(path);
}

function unchecked(count: number): string {
  const what = count === 1 ? 'a path whose name' : `${count} paths whose names`;
  return `signalbox: The locks of ${what} no lock can carry were not checked.\n`;
}

async function obstaclesTo(run: GitRun, items: readonly Fields[]): Promise<Fields[]> {
  const session = sessionKey(run.env, run.parentPid);
  const holder = holderOf(run.env, session);
  const { ask } = speakerOf(run.env, agentName({ env: run.env, session }));
  const found: Fields[] = [];
  for (let at = 0; at < items.length && found.length < TOLD_MAX; at += PORTION) {
    const input = { items: items.slice(at, at + PORTION), holder };
    const { obstacles } = outputOf(await ask('lock.check', input));
    // Who only waits for a path has no say in it yet.
    const held = listOf(obstacles).map(fieldsOf);
    found.push(...held.filter(({ state }) => state === 'granted'));
  }
  return found;
}

function refused(name: string, obstacles: readonly Fields[]): Answer {
  const what = name === 'pre-commit' ? 'commit' : 'push';
  const more = obstacles.length > TOLD_MAX ? ['  and more'] : [];
  const lines = [
    `signalbox: no ${what}: others hold locks on what is in it.`,
    ...obstacles.slice(0, TOLD_MAX).map(inWords),
    ...more,
    'Take these out, or wait until they are free; `signalbox why ID` tells more about a lock.',
    `To go ahead all the same: SIGNALBOX_SKIP=1 git ${what} (what lands is checked again).`,
  ];
  return { stdout: '', stderr: `${lines.join('\n')}\n`, exitCode: 1 };
}

function inWords(obstacle: Fields): string {
  const agent = textOf(obstacle['agent']) ?? '?';
  const untilMs = numberOf(obstacle['leaseUntilMs']);
  const until = untilMs === undefined ? '' : ` until ${timeInWords(untilMs)} if not renewed`;
  const content = textOf(obstacle['reason']);
  const facts = { from: agent };
  const why =
    content === undefined ? '' : ` ${asData({ kind: 'reason', facts, content, charsMax: 120 })}`;
  const id = textOf(obstacle['lockId']) ?? '';
  return `  ${textOf(obstacle['item']) ?? ''}: held by ${agent}${until} (${id})${why}`;
}
