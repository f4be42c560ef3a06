/** Sidecars in the foreground: this process is an agent, or several, until Ctrl-C. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { limits, nameKey, SignalboxError } from '../../contract/index.ts';
import { systemRandom } from '../../core/random.ts';
import { runSidecar, runSlots, slotNames, type Say } from '../../sidecar/index.ts';
import { runWaker } from '../../sidecar/run-waker.ts';
import { openAccount } from '../agent/account.ts';
import { commandOf } from '../../sidecar/adapters/choose.ts';
import { findProgram } from '../../sidecar/program.ts';
import { agentPlan, type AgentPlan } from '../agent/plan.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { tokenFor } from '../place/identity.ts';
import { INTERRUPTED_EXIT, onSignals } from '../terminal/interruption.ts';
import { makeFolder } from '../place/make-folder.ts';
import { dataFolder } from '../place/places.ts';
import { withKeptWakeToken } from '../place/wake-token.ts';
import { repositoryUrl } from '../task/repository-url.ts';

export async function runAgent(context: Context): Promise<void> {
  const { options, output, env, cwd, clock } = context;
  const names = agentNames(context);
  const name = options.text('name') ?? '';
  const plan = await withKeptWakeToken({ env, name, plan: agentPlan(context) });
  const dataDir = resolve(cwd, options.text('data') ?? `${dataFolder(env)}/agents`);
  // What is missing here is missing for each of them: it is said once.
  const started = programOf(plan);
  if (started !== undefined) await findProgram(started, env['PATH']);
  await makeFolder(dataDir);
  const account = await openAccount(context, names);
  const repo = options.text('repo');
  const repository = repo === undefined ? undefined : await repositoryUrl(context, repo);
  const only = await Promise.all(options.list('only').map((one) => repositoryUrl(context, one)));
  const repositories = only.length === 0 ? undefined : only;
  const { url } = await context.place();
  const steps = signalSteps();
  const { drain, stop } = steps;
  const capabilities = [...new Set([...options.list('capability'), ...plan.capabilities])];
  const run = async (slot: string): Promise<void> => {
    const token = await tokenFor(context, { name: slot, role: 'agent', isNamed: true });
    const say: Say = (event) => account.say(slot, event);
    const agent = { name: slot, url, token, capabilities, dataDir };
    const ports = { say, drain, stop, clock };
    const isTrial = options.has('trial');
    if (plan.does === 'wake') return runWaker({ ...agent, trigger: plan.trigger, isTrial }, ports);
    const { kind, command } = plan;
    const program = kind === 'command' ? (command[0] ?? '') : '';
    if (isRelative(program) && !existsSync(resolve(cwd, program))) {
      output.note(`${harmlessLine(program)} is not here: each repository must hold it`, 'warning');
    }
    const work = { repository, repositories, adapter: { kind }, command, env, isTrial };
    return runSidecar({ ...agent, ...work }, { ...ports, onOutput: account.onOutput(slot) });
  };
  if (plan.shown !== null) output.note(`${together(names)} ${harmlessLine(plan.shown)}`, 'note');
  try {
    const ports = { clock, random: systemRandom(), say: account.say, ending: drain };
    const [first = '', ...others] = names;
    if (others.length === 0) await run(first);
    else await runSlots(names, run, ports);
  } catch (error) {
    account.failed(error);
    throw error;
  } finally {
    steps.close();
  }
}

/** Undefined where nothing is started here. */
function programOf(plan: AgentPlan): readonly string[] | undefined {
  if (plan.does === 'run') return commandOf(plan.kind, plan.command);
  return plan.trigger.kind === 'command' ? plan.trigger.command : undefined;
}

function together(names: readonly string[]): string {
  const [first = '', last] = [names[0], names.at(-1)];
  return names.length === 1 ? first : `Each of ${first} to ${last}`;
}

/** The agents that this command line is about. */
export function agentNames({ options }: Context): string[] {
  const name = options.text('name') ?? '';
  if (nameKey(name) === '') {
    throw new SignalboxError('invalid_input', `\`${name}\` is no name of an agent.`, {
      hint: 'Take letters, digits, dots, dashes and underscores.',
    });
  }
  return slotNames(name, options.integer('slots', { min: 1, max: limits.slotsMax }) ?? 1);
}

/** A path from here, and not the name of a program in PATH. */
function isRelative(program: string): boolean {
  return program.includes('/') && !isAbsolute(program);
}

interface Steps {
  drain: AbortSignal;
  stop: AbortSignal;
  close: () => void;
}

/**
 * The first Ctrl-C lets the task in hand end, the second stops it, the third ends this process as
 * it stands. SIGTERM, which a machine that shuts down sends, stops at once.
 */
function signalSteps(): Steps {
  const drain = new AbortController();
  const stop = new AbortController();
  const close = onSignals((name) => {
    if (stop.signal.aborted) process.exit(INTERRUPTED_EXIT);
    if (drain.signal.aborted || name === 'SIGTERM') stop.abort();
    drain.abort();
  });
  return { drain: drain.signal, stop: stop.signal, close };
}
