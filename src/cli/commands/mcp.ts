/**
 * MCP over stdio, for the agent that starts it: a client of the hub like any other. Where no hub is
 * known one of this user is started. What is printed on stdout is MCP and nothing else.
 */
import type { Client } from '../../client/index.ts';
import { agentName, noteSession } from '../../hooks/entry/agent.ts';
import { placeOf, repositoryOf } from '../../hooks/entry/repository.ts';
import { packageVersion } from '../../hub/config.ts';
import { serveOverStdio } from '../../mcp/stdio.ts';
import { askThrough } from '../../tools/index.ts';
import type { Context } from '../context.ts';
import { holderOf } from '../locked.ts';
import { ensureHub } from '../own-hub.ts';
import { speakerNamed } from '../speaker.ts';

/** What it holds is free soon after the agent is gone, and not while it is here. */
const LEASE_MS = 2 * 60_000;
const BEAT_MS = LEASE_MS / 4;
const FAREWELL_MS = 2_000;
/** Who says no name at all. */
const UNNAMED = 'agent';

export async function mcp(context: Context): Promise<void> {
  const { output, env, cwd } = context;
  const holder = holderOf(context);
  const repository = env['SIGNALBOX_REPOSITORY'] ?? repositoryOf(cwd)?.url;
  const session = 'session' in holder ? holder.session : undefined;
  // The client of MCP is answered at once; only its first tool waits for the hub.
  const hub = reaching(context, session);
  const served = serveOverStdio(
    {
      ask: askThrough(async (operation, input) => (await hub()).call(operation, input)),
      caller: {
        holder,
        leaseMs: LEASE_MS,
        ...(repository === undefined ? {} : { repository }),
        place: (path) => placeOf(path, cwd),
      },
      version: packageVersion(),
    },
    (error) => output.note(error.message, 'error'),
  );
  const interruption = context.interruption();
  const interrupted = new Promise<void>((resolve) => {
    interruption.addEventListener('abort', () => resolve(), { once: true });
  });
  const beats = session === undefined ? undefined : beat(context, hub, session);
  await Promise.race([served.ended, interrupted]);
  beats?.abort();
  if (session !== undefined) await leave(hub, session);
  await served.close();
}

/** The hub is sought at once; who speaks is settled when something is said, as a hook may tell. */
function reaching(context: Context, session: string | undefined): () => Promise<Client> {
  const found = ensureHub(context);
  found.catch((error: unknown) => context.output.note(String(error), 'error'));
  let client: Promise<Client> | undefined;
  const reach = async (): Promise<Client> => {
    await found;
    const { options, env } = context;
    const naming = { env, session: session ?? '', chosen: options.text('agent') };
    const said = agentName(naming);
    // A token that was given says who it is; only the person of the machine needs another name.
    if (said === undefined && !(await context.place()).isAdmin) return context.live();
    const name = said ?? env['AGENT_TYPE'] ?? UNNAMED;
    // Hooks and command lines of this session go by the same name: a lock is of both.
    if (session !== undefined) noteSession(naming, name);
    return context.live(await speakerNamed(context, name));
  };
  return () => (client ??= reach());
}

function beat({ clock }: Context, hub: () => Promise<Client>, session: string): AbortController {
  const ending = new AbortController();
  const renewing = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(BEAT_MS, ending.signal);
      if (ending.signal.aborted) return;
      const client = await hub();
      // A hub that is away is met at the next beat; the lease outlives several.
      await client.lock.renew({ session, leaseMs: LEASE_MS }).catch(() => {});
    }
  };
  renewing().catch(() => {});
  return ending;
}

/** The agent is gone: what its session held is free at once. */
async function leave(hub: () => Promise<Client>, session: string): Promise<void> {
  const release = async (): Promise<unknown> =>
    (await hub()).lock.release({ holder: { session } }, { timeoutMs: FAREWELL_MS });
  await release().catch(() => {});
}
