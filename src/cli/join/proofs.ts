/**
 * The round trips that prove a join: each goes the way that it will go in earnest, from a plain
 * environment in which only what was written down leads to the hub.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { connect, type Client } from '../../client/index.ts';
import { nameKey, type Output, SignalboxError } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import type { Target } from '../../hooks/index.ts';
import { findHub, isSameHub } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { tokenFor } from '../place/identity.ts';
import { at, plain } from './admission.ts';
import { MAIN, tryProgram } from './child.ts';

const CHILD_MS = 30_000;
const LOOK_MS = 100;
const BEAT_MS = 12_000;
const TRIAL_TTL_MS = 60_000;

export interface Proved {
  context: Context;
  url: string;
  name: string;
  stop: AbortSignal;
}

export interface Known {
  hub: Client;
  who: Output<'hub.whoami'>;
}

/** As a command line in another shell would: by what is written down alone. */
export async function proveIdentity({ context, url, name }: Proved): Promise<Known> {
  const env = plain(context.env);
  const place = await findHub({ url: undefined, token: undefined, env });
  if (!isSameHub(place.url, url)) {
    throw new SignalboxError('conflict', `Command lines here go to ${place.url}, not to ${url}.`, {
      hint: 'Stop the hub that runs here, or see `signalbox doctor`.',
    });
  }
  const token = await tokenFor(at(context, place), { name, role: 'agent', isNamed: true });
  const hub = connect({ url, ...(token === undefined ? { agent: name } : { token }) });
  try {
    const who = await hub.hub.whoami();
    if (nameKey(who.name) === nameKey(name)) return { hub, who };
    throw new SignalboxError('conflict', `The token here is of ${who.name}, not of ${name}.`, {
      hint: `Leave first: signalbox leave ${url}`,
    });
  } catch (error) {
    hub.close();
    throw error;
  }
}

/** Sent to itself, found in its own mailbox, and acknowledged. */
export async function proveMail(hub: Client, { context, name }: Proved): Promise<string> {
  const type = 'JOIN_TRIAL';
  const text = `${name} has joined; this message proves that its mail arrives.`;
  const sent = await hub.message.send({ to: { agent: name }, type, text, ttlMs: TRIAL_TTL_MS });
  const item = await until(context.clock, CHILD_MS, async () => {
    const { items } = await hub.message.read({ types: [type], isPending: true });
    return items.find(({ message }) => message.id === sent.id);
  });
  if (item === undefined) throw notArrived(sent.id);
  await hub.message.ack({ ids: [sent.id] });
  return sent.id;
}

const Frame = z.looseObject({
  id: z.number(),
  result: z
    .looseObject({ tools: z.array(z.unknown()).optional(), isError: z.boolean().optional() })
    .optional(),
});

/** As in an attempt, where a sidecar is present for the agent: it takes nobody's place. */
const BESIDE = { SIGNALBOX_TASK_ID: `tsk_${'0'.repeat(21)}`, SIGNALBOX_FENCE: '1' };

/** The very line that the MCP entry holds. Answers how many tools there are. */
export async function proveMcp({ context, name, stop }: Proved): Promise<number> {
  const clientInfo = { name: 'signalbox-join', version: '1' };
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const frames = [
    { id: 1, method: 'initialize', params: initialize },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
    { id: 3, method: 'tools/call', params: { name: 'list_agents', arguments: {} } },
  ];
  const { env, cwd } = around(context);
  const stdin = frames.map((frame) => `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`).join('');
  const stdout = await tryProgram({
    what: '`signalbox mcp`',
    args: [...process.execArgv, MAIN, 'mcp', '--agent', name],
    cwd,
    env: { ...env, ...BESIDE, SESSION_ID: `join-${process.pid}` },
    stdin,
    stop,
    timeoutMs: CHILD_MS,
    isEnough: (text) => answersIn(text).some(({ id }) => id === 3),
  });
  const answers = answersIn(stdout);
  const tools = answers.find(({ id }) => id === 2)?.result?.tools?.length ?? 0;
  const called = answers.find(({ id }) => id === 3)?.result;
  if (tools > 0 && called !== undefined && called.isError !== true) return tools;
  throw new SignalboxError('unavailable', '`signalbox mcp` answers, and its tools do not.', {
    hint: `Try it: signalbox mcp --agent ${name}, and see \`signalbox doctor\`.`,
  });
}

function answersIn(text: string): z.infer<typeof Frame>[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.endsWith('}')) return [];
    return Frame.safeParse(JSON.parse(line)).data ?? [];
  });
}

/** A session that begins is told by its hook whose it is, and at which hub; then it ends. */
export async function proveHook(
  client: Exclude<Target, 'git'>,
  { context, url, name, stop }: Proved,
  { main }: { main: string },
): Promise<void> {
  const { env, cwd } = around(context);
  const session = { ...env, SESSION_ID: `join-${process.pid}` };
  const run = (event: string): Promise<string> =>
    tryProgram({
      what: `the hook of ${client}`,
      args: [main, client, event, '--agent', name],
      env: session,
      cwd,
      stdin: JSON.stringify({ session_id: `join-${process.pid}`, cwd }),
      stop,
      timeoutMs: CHILD_MS,
    });
  const said = await run('session-start');
  await run('session-end');
  if (said.includes(url) && said.includes(name)) return;
  throw new SignalboxError('unavailable', `The hook of ${client} answers, and knows no hub.`, {
    hint: 'See `signalbox hooks status` and `signalbox doctor`.',
  });
}

/** A sidecar connects and beats; where one runs already, that one is seen to beat. */
export async function proveSidecar(hub: Client, proved: Proved): Promise<string> {
  const { context, name, stop } = proved;
  const before = await agentOf(hub, name);
  if (before !== undefined && before.state !== 'offline') {
    const beaten = await until(context.clock, BEAT_MS, async () => {
      const now = await agentOf(hub, name);
      return now !== undefined && now.leaseUntilMs > before.leaseUntilMs ? now : undefined;
    });
    if (beaten !== undefined) return `a process of ${name} is connected already, and beats`;
  }
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-join-'));
  try {
    const own = ['agent', 'run', '--trial', '--name', name, '--data', folder];
    await tryProgram({
      what: 'the sidecar',
      args: [...process.execArgv, MAIN, ...own, '--', process.execPath],
      ...around(context),
      stdin: '',
      stop,
      timeoutMs: CHILD_MS,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return 'a sidecar has connected, beaten once, and left';
}

async function agentOf(
  hub: Client,
  name: string,
): Promise<Output<'agent.list'>['items'][0] | undefined> {
  let cursor: string | undefined;
  do {
    const page = await hub.agent.list({ limit: 200, cursor });
    const found = page.items.find((agent) => nameKey(agent.name) === nameKey(name));
    if (found !== undefined) return found;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return undefined;
}

function around({ env, cwd }: Context): { env: ReturnType<typeof plain>; cwd: string } {
  return { env: plain(env), cwd };
}

async function until<T>(
  clock: Clock,
  forMs: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const endMs = clock.nowMs() + forMs;
  for (;;) {
    const found = await look();
    if (found !== undefined || clock.nowMs() >= endMs) return found;
    await clock.sleep(LOOK_MS);
  }
}

function notArrived(id: string): SignalboxError {
  return new SignalboxError('unavailable', `The message ${id} to itself did not arrive.`, {
    hint: `See how far it came: signalbox message show ${id}`,
  });
}
