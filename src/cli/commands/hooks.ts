/** Hooks: put into the configuration of agents' clients and of git, looked at, and taken out. */
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { AgentName, SignalboxError } from '../../contract/index.ts';
import {
  checkInstalling,
  entryStatus,
  GATE,
  hooksStatus,
  install,
  otherClones,
  TARGETS,
  uninstall,
  type EntryStatus,
  type HooksStatus,
  type Installed,
  type Target,
  type Wanted,
} from '../../hooks/index.ts';
import type { Context } from '../context.ts';
import { shellWord } from '../demo/shell-word.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Colour, Output } from '../terminal/output.ts';
import { padded } from '../terminal/width.ts';

export async function installHooks(context: Context): Promise<void> {
  const wanted = wantedOf(context);
  const targets = await targetsOf(context, 'used');
  // All or nothing: what is refused in one place is not half done in another.
  for (const target of targets) await checkInstalling(target, wanted);
  const done: Installed[] = [];
  for (const target of targets) done.push(await install(target, wanted));
  give(context, done, 'installed');
  if (context.output.isJson) return;
  for (const step of done.flatMap(({ todo }) => todo)) context.output.note(step, 'hint');
  if (done.length > 0) context.output.note('signalbox hooks status', 'hint');
}

export async function removeHooks(context: Context): Promise<void> {
  const wanted = wantedOf(context);
  const done: Installed[] = [];
  for (const target of await targetsOf(context, 'installed')) {
    done.push(await uninstall(target, wanted));
  }
  give(context, done, 'removed');
  const { args } = context;
  if (context.output.isJson || (args.length > 0 && !args.includes('git'))) return;
  for (const clone of await otherClones(wanted)) {
    context.output.note(`hooks of git are left in another clone, ${harmlessLine(clone)}`, 'note');
    const line = `cd ${shellWord(clone)} && signalbox hooks remove git`;
    context.output.note(harmlessLine(line), 'hint');
  }
}

export async function statusOfHooks(context: Context): Promise<void> {
  const { output } = context;
  const wanted = wantedOf(context);
  const [hooks, entry] = await Promise.all([hooksStatus(wanted), entryStatus(wanted)]);
  output.give({ entry, hooks, gate: GATE }, () => [
    ...hooks.flatMap((one) => statusLines(output, one)),
    entryLine(entry),
    '',
    GATE,
  ]);
}

export function wantedOf({ options, env, cwd }: Pick<Context, 'options' | 'env' | 'cwd'>): Wanted {
  if (options.has('user') && options.has('project')) {
    throw new SignalboxError('invalid_input', '--user and --project exclude each other.', {
      hint: 'Give one of them; without either the hooks are for all projects of this user.',
    });
  }
  const agent = options.text('agent');
  if (agent !== undefined && !AgentName.safeParse(agent).success) {
    throw new SignalboxError('invalid_input', `\`${agent}\` is no name of an agent.`, {
      hint: 'A name has letters, digits, dot, dash and underscore, and at most 64 of them.',
    });
  }
  const scope = options.has('project') ? 'project' : 'user';
  return { ...wantedFor({ env, cwd }, agent), scope };
}

/** For all projects of this user, in the name of this agent. */
export function wantedFor(
  { env, cwd }: Pick<Context, 'env' | 'cwd'>,
  agent: string | undefined,
): Wanted {
  const main = join(
    import.meta.dirname,
    '..',
    import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js',
  );
  return {
    env,
    cwd,
    home: homedir() || userInfo().homedir,
    node: process.execPath,
    launcher: [process.execPath, main],
    scope: 'user',
    agent,
  };
}

/** Those that were named, else those that are used here, or have hooks. */
async function targetsOf(context: Context, unlessNamed: 'used' | 'installed'): Promise<Target[]> {
  if (context.args.length > 0) return context.args.map(targetNamed);
  const hooks = await hooksStatus(wantedOf(context));
  const found = hooks.filter(({ isUsed, state }) =>
    unlessNamed === 'used' ? isUsed : state !== 'none',
  );
  if (found.length > 0) return found.map(({ target }) => target);
  const message =
    unlessNamed === 'used' ? 'No client is in use here that has hooks.' : 'No hooks are installed.';
  throw new SignalboxError('invalid_input', message, {
    hint: `Name one: ${TARGETS.join(', ')}.`,
  });
}

function targetNamed(word: string): Target {
  const target = TARGETS.find((one) => one === word);
  if (target !== undefined) return target;
  throw new SignalboxError('invalid_input', `There are no hooks for \`${word}\`.`, {
    hint: `Name one of: ${TARGETS.join(', ')}.`,
  });
}

function give({ output }: Context, done: readonly Installed[], word: string): void {
  output.give({ clients: done }, () =>
    done.flatMap(({ target, changes }) =>
      changes.flatMap(({ path, isChanged, taken }) => [
        `${padded(target, 8)}${padded(isChanged ? word : 'unchanged', 11)}${harmlessLine(path)}`,
        ...taken.map((what) => `${' '.repeat(8)}kept       ${harmlessLine(what)}: not ours`),
      ]),
    ),
  );
}

const LOOKS: Record<HooksStatus['state'], { word: string; colour: Colour }> = {
  installed: { word: 'installed', colour: 'green' },
  other: { word: 'out of date', colour: 'yellow' },
  none: { word: 'none', colour: 'dim' },
  unreadable: { word: 'unreadable', colour: 'red' },
};

function statusLines(output: Output, status: HooksStatus): string[] {
  const { target, title, state, isUsed, problem, files, limits } = status;
  const { word, colour } = LOOKS[state];
  const found = state === 'none' && !isUsed ? `no ${title} here` : files.join(' ');
  const first = [padded(target, 8), output.paint(colour, padded(word, 12)), harmlessLine(found)];
  const told = problem === null ? [] : [`${' '.repeat(8)}${harmlessLine(problem)}`];
  const open =
    state === 'none' ? [] : limits.map((line) => `${' '.repeat(8)}not enforced: ${line}`);
  return [first.join('').trimEnd(), ...told, ...open];
}

function entryLine({ path, installed, isCurrent, problem }: EntryStatus): string {
  const version = installed ?? 'none';
  const state =
    problem ?? (isCurrent ? 'answers' : 'answers; install again to bring it up to date');
  return `${padded('entry', 8)}${padded(version, 13)}${harmlessLine(path)}: ${harmlessLine(state)}`;
}
