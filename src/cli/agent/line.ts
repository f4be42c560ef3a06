/**
 * The line of an agent to its hub, for as long as its MCP server runs: who it is, its token, its
 * presence, and the tasks that it has in hand.
 *
 * The line is laid when the client has said what it is, because that is the agent's name where
 * nobody chose one; a line that could not be laid is tried again at the next call.
 */
import { z } from 'zod';
import { connect, type Client } from '../../client/index.ts';
import { Capability, type OperationName, SignalboxError } from '../../contract/index.ts';
import { agentName, forgetSession, type Naming, noteSession } from '../../hooks/entry/agent.ts';
import { placeOf, repositoryOf } from '../../hooks/entry/repository.ts';
import { sessionKey } from '../../hooks/entry/session.ts';
import { Trouble } from '../../hooks/entry/trouble.ts';
import { type Ask, askThrough, type Caller } from '../../tools/index.ts';
import type { Context } from '../context.ts';
import { tokenFor } from '../place/identity.ts';
import { holderOf } from '../locked.ts';
import { ensureHub } from '../place/own-hub.ts';
import type { Env } from '../place/places.ts';
import { bePresent, LOCK_LEASE_MS, type Presence } from './presence.ts';

const ANSWER_MS = 20_000;
const FAREWELL_MS = 2_000;

export interface AgentLine {
  ask: Ask;
  caller: Caller;
  /** What the client calls itself. */
  hear: (client: string) => void;
  /** Gives back what the session holds, and leaves. */
  close: () => Promise<void>;
}

interface Line {
  hub: Client;
  presence: Presence | undefined;
}

export function agentLine(context: Context): AgentLine {
  const inHand = new Set<string>();
  let client = 'agent';
  let line: Promise<Line> | undefined;
  const ending = new AbortController();
  const lay = (): Promise<Line> => {
    line ??= layLine(context, { client, inHand, ended: ending.signal }).catch((error: unknown) => {
      line = undefined;
      throw error;
    });
    return line;
  };
  return {
    ask: askThrough(async (operation, input) => {
      const { hub } = await lay();
      const reply = await hub.call(operation, input, { timeoutMs: ANSWER_MS });
      keepInHand(inHand, operation, { input, output: reply.output });
      return reply;
    }),
    caller: callerIn(context),
    hear(name) {
      client = name;
      lay().catch(({ message }: Error) => context.output.note(message, 'note'));
    },
    async close() {
      const last = await soon(context, line);
      await last?.presence?.end();
      ending.abort();
      forgetSession(context.env, sessionKey(context.env, process.ppid));
    },
  };
}

interface Speaking {
  client: string;
  inHand: ReadonlySet<string>;
  ended: AbortSignal;
}

/** Ends what was opened, also what is opened too late. */
function whenOver(ended: AbortSignal): (close: () => void) => void {
  return (close) => {
    if (ended.aborted) close();
    else ended.addEventListener('abort', close, { once: true });
  };
}

/** Who leaves does not wait for a hub that is not there. */
async function soon(
  { clock }: Context,
  line: Promise<Line> | undefined,
): Promise<Line | undefined> {
  const stop = new AbortController();
  const late = clock.sleep(FAREWELL_MS, stop.signal).then(() => undefined);
  try {
    return await Promise.race([line, late]);
  } catch {
    return undefined;
  } finally {
    stop.abort();
  }
}

async function layLine(context: Context, { client, inHand, ended }: Speaking): Promise<Line> {
  const onEnd = whenOver(ended);
  const { env, options, output, clock } = context;
  const chosen = options.text('agent');
  const naming = { env, session: sessionKey(env, process.ppid), chosen };
  const given = givenName(naming);
  const name = given ?? nameFrom(nonEmpty(env['AGENT_TYPE']) ?? client);
  await ensureHub(context, ended);
  const { url, token: brought, isAdmin } = await context.place();
  const token = await tokenFor(context, { name, role: 'agent', isNamed: given !== undefined });
  // Hooks and command lines of the session go by this name too; a token that was brought has one.
  if (brought === undefined || isAdmin || given !== undefined) noteSession(naming, name);
  const hub = connect({ url, ...(token === undefined ? { agent: name } : { token }) });
  onEnd(() => hub.close());
  const holder = holderOf(context);
  // In an attempt the task is the holder, and its sidecar beats for the agent.
  if (!('session' in holder)) return { hub, presence: undefined };
  const presence = bePresent({
    client: hub,
    clock,
    session: holder.session,
    capabilities: capabilitiesOf(env),
    holding: () => [...inHand],
    note: (text) => output.note(text, 'note'),
  });
  onEnd(() => presence.stop());
  await presence.begun;
  return { hub, presence };
}

function callerIn(context: Context): Caller {
  const { env, cwd } = context;
  const repository = env['SIGNALBOX_REPOSITORY'] ?? repositoryOf(cwd)?.url;
  return {
    holder: holderOf(context),
    leaseMs: LOCK_LEASE_MS,
    capabilities: capabilitiesOf(env),
    ...(repository === undefined ? {} : { repository }),
    place: (path) => placeOf(path, cwd),
  };
}

/** `claude_code`: a task may need an agent of that kind. */
function capabilitiesOf(env: Env): string[] {
  const type = Capability.safeParse(env['AGENT_TYPE']?.toLowerCase());
  return type.success ? [type.data] : [];
}

function givenName(naming: Naming): string | undefined {
  try {
    return agentName(naming);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    throw new SignalboxError('invalid_input', error.message, { hint: error.hint, cause: error });
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** `Claude Code` is `Claude-Code`. */
function nameFrom(client: string): string {
  const name = client.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 64) || 'agent';
}

const Pulled = z.object({ assignment: z.object({ task: z.object({ id: z.string() }) }) });
const Ended = z.object({ taskId: z.string() });
const ENDINGS: readonly OperationName[] = ['task.complete', 'task.fail', 'task.decline'];

interface Exchange {
  input: unknown;
  output: unknown;
}

/** A presence that begins anew says which tasks its agent still has. */
function keepInHand(
  inHand: Set<string>,
  operation: OperationName,
  { input, output }: Exchange,
): void {
  const pulled = operation === 'task.pull' ? Pulled.safeParse(output) : undefined;
  if (pulled?.success === true) inHand.add(pulled.data.assignment.task.id);
  const ended = ENDINGS.includes(operation) ? Ended.safeParse(input) : undefined;
  if (ended?.success === true) inHand.delete(ended.data.taskId);
}
