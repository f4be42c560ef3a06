/** The sidecar in the foreground: this process is an agent until Ctrl-C. */
import { resolve } from 'node:path';
import { nameKey, SignalboxError } from '../../contract/index.ts';
import { runSidecar, type SidecarEvent } from '../../sidecar/index.ts';
import { runWaker } from '../../sidecar/run-waker.ts';
import { agentPlan } from '../agent-plan.ts';
import type { Context } from '../context.ts';
import { createEcho } from '../echo.ts';
import { tokenFor } from '../identity.ts';
import { harmlessLine } from '../harmless.ts';
import { INTERRUPTED_EXIT, onSignals } from '../interruption.ts';
import { journal } from '../journal.ts';
import { makeFolder } from '../make-folder.ts';
import { dataFolder } from '../places.ts';
import { repositoryUrl } from '../repository-url.ts';
import { sidecarColour, sidecarWords } from '../sidecar-words.ts';

export async function runAgent(context: Context): Promise<void> {
  const { options, output, env, cwd, clock } = context;
  const name = options.text('name') ?? '';
  if (nameKey(name) === '') {
    throw new SignalboxError('invalid_input', `\`${name}\` is no name of an agent.`, {
      hint: 'Take letters, digits, dots, dashes and underscores.',
    });
  }
  const plan = agentPlan(context);
  const dataDir = resolve(cwd, options.text('data') ?? `${dataFolder(env)}/agents`);
  await makeFolder(dataDir);
  const repo = options.text('repo');
  const repository = repo === undefined ? undefined : await repositoryUrl(context, repo);
  const only = await Promise.all(options.list('only').map((one) => repositoryUrl(context, one)));
  const repositories = only.length === 0 ? undefined : only;
  const { url } = await context.place();
  const token = await tokenFor(context, { name, role: 'agent', isNamed: true });
  const steps = signalSteps();
  const say = journal({ output, clock, words: sidecarWords, colour: sidecarColour });
  const capabilities = [...new Set([...options.list('capability'), ...plan.capabilities])];
  const echo = createEcho(output);
  const onOutput = options.has('echo') ? echo.push : undefined;
  const told = (event: SidecarEvent): void => {
    if (event.kind === 'ended') echo.flush();
    say(event);
  };
  const agent = { name, url, token, capabilities, dataDir };
  const ports = { say: told, drain: steps.drain, stop: steps.stop, clock };
  try {
    if (plan.shown !== null) output.note(`${name} ${harmlessLine(plan.shown)}`, 'note');
    if (plan.does === 'wake') return await runWaker({ ...agent, trigger: plan.trigger }, ports);
    const { kind, command } = plan;
    const isTrial = options.has('trial');
    const work = { repository, repositories, adapter: { kind }, command, env, isTrial };
    const wanted = { ...agent, ...work };
    await runSidecar(wanted, { ...ports, onOutput });
  } finally {
    steps.close();
  }
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
