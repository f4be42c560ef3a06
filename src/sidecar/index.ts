/**
 * The sidecar: runs any command as an agent of a hub.
 *
 * For each task the command is started in a worktree of its own and finds its task in a file
 * (`SIGNALBOX_TASK_FILE`) and in `SIGNALBOX_TASK_ID`, `_TITLE`, `_BODY`, `SIGNALBOX_ATTEMPT`,
 * `SIGNALBOX_FENCE`, `SIGNALBOX_REPOSITORY`, `SIGNALBOX_AGENT`, `SIGNALBOX_URL`; a second attempt
 * finds what went wrong in `SIGNALBOX_LAST_FAILURE_FILE`. A body over 128 KiB is left out of the
 * environment and stands in the file alone. Exit code 0 says that it is done: what it left is
 * committed, pushed, handed in.
 *
 * It ends in two steps. `drain` takes no more tasks and lets the one in hand end; `stop` ends the
 * command (SIGTERM, after 5 s SIGKILL), pushes what it made and gives the task back, which costs
 * the task no retry. A sidecar that was killed does the same at its next start.
 */
import {
  createClient,
  socketTransport,
  type SocketOptions,
  type Transport,
} from '../client/index.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { createGit } from '../git/run.ts';
import { commandOf, createAdapter, isCli, scratchOf, type AdapterKind } from './adapters/choose.ts';
import { openOutbox } from './outbox.ts';
import { findProgram } from './program.ts';
import type { Say } from './progress.ts';
import { recover } from './recovery.ts';
import { Sidecar } from './sidecar.ts';
import { openState, type State } from './state.ts';
import { markOfJob } from './task-file.ts';
import { Workspace } from './workspace.ts';

export type { SidecarEvent, Say } from './progress.ts';
export { runSlots, slotNames, type SlotEvent } from './slots.ts';

export interface SidecarOptions {
  /** The agent's name. */
  name: string;
  /** Where the hub is: `http://127.0.0.1:8080`. */
  url: string;
  /** Undefined under `--auth none`. */
  token?: string | undefined;
  /** A repository that is looked at before the first task; tasks bring their own. */
  repository?: string | undefined;
  capabilities: string[];
  /** The only repositories that it works on; undefined: any. */
  repositories?: string[] | undefined;
  /** What the command is spoken to as: any command, unless told, or an agent's own CLI. */
  adapter?: { kind: AdapterKind } | undefined;
  /** A program and its arguments, which no shell reads; for a CLI, arguments besides its own. */
  command: string[];
  /** Where everything is kept that must survive a kill. Not to be shared between machines. */
  dataDir: string;
  /** The environment of the user, which the command gets, and git. */
  env: Record<string, string | undefined>;
  /** Connects, beats once and ends: no work is taken. */
  isTrial?: boolean | undefined;
  /** Gives the sidecar's token to the command, which can then do what the agent may do. */
  passToken?: boolean | undefined;
}

export interface SidecarPorts {
  say: Say;
  /** Hears what the commands print, at once and whole. */
  onOutput?: ((chunk: Uint8Array) => void) | undefined;
  /** Aborted: takes no more tasks, and ends when the one in hand has ended. */
  drain?: AbortSignal | undefined;
  /** Aborted: stops the command in hand as well, pushes its work and gives the task back. */
  stop?: AbortSignal | undefined;
  clock?: Clock | undefined;
  random?: Random | undefined;
  transport?: (() => Transport) | undefined;
}

/**
 * Runs until it was drained. Throws where it cannot begin (a repository that cannot be used, a
 * program that is not there, a folder in use) and when the hub refuses the agent for good.
 */
export async function runSidecar(options: SidecarOptions, ports: SidecarPorts): Promise<void> {
  const { say } = ports;
  const { name: agent, url, dataDir } = options;
  const command = await readyCommand(options);
  const state = await openState({ dataDir, agent, url, say });
  try {
    await runIn(state, { ...options, command }, ports);
  } finally {
    await state.release();
  }
}

/** The command as it can be started, or a refusal: better now than when the first task meets it. */
async function readyCommand({ adapter, command, env }: SidecarOptions): Promise<string[]> {
  const kind = adapter?.kind ?? 'command';
  const found = await findProgram(commandOf(kind, command), env['PATH']);
  return isCli(kind) ? command : found;
}

async function runIn(state: State, options: SidecarOptions, ports: SidecarPorts): Promise<void> {
  const { say, clock = systemClock(), random = systemRandom() } = ports;
  const { name: agent, url, token, env, command, capabilities, repositories } = options;
  const { folder, journal } = state;
  const identity = { name: agent, email: `${agent}@signalbox.localhost` };
  const git = createGit({ env, identity, clock, random });
  const kind = options.adapter?.kind ?? 'command';
  const workspace = new Workspace({ git, folder, agent, say, scratch: scratchOf(kind) });
  const found = await recover({ journal, workspace, clock, say });
  if (options.repository !== undefined) await workspace.check(options.repository);

  const client = createClient(ports.transport?.() ?? socketTransport(credential(options)));
  const ending = new AbortController();
  const common = { client, clock, random, say };
  let sidecar: Sidecar | undefined;
  try {
    const outbox = await openOutbox({
      ...common,
      shelf: state.reports,
      signal: ending.signal,
      onRefused: () => sidecar?.resync(),
    });
    const { onOutput } = ports;
    const adapter = createAdapter(kind, { clock, marker: markOfJob, onOutput });
    const commandToken = options.passToken === true ? token : undefined;
    const work = { journal, outbox, workspace, adapter, command, agent, url, env, commandToken };
    sidecar = new Sidecar({
      ...common,
      ...work,
      capabilities,
      repositories,
      found,
      session: state,
      onProved: options.isTrial === true ? () => sidecar?.drain() : undefined,
    });
    whenAborted(ports.drain, () => sidecar?.drain());
    whenAborted(ports.stop, () => sidecar?.stop());
    await sidecar.run();
  } finally {
    ending.abort();
    client.close();
  }
}

function credential({ url, token, name }: SidecarOptions): SocketOptions {
  return token === undefined ? { url, agent: name } : { url, token };
}

function whenAborted(signal: AbortSignal | undefined, call: () => void): void {
  if (signal?.aborted === true) call();
  else signal?.addEventListener('abort', call, { once: true });
}
