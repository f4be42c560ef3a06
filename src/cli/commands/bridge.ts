/** The bridge in the foreground, between a hub and a folder of Markdown inboxes, until Ctrl-C. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { runBridge } from '../../bridge/index.ts';
import { connect, type Client } from '../../client/index.ts';
import { nameKey, SignalboxError, type Token } from '../../contract/index.ts';
import { bridgeColour, bridgeWords } from '../words/bridge.ts';
import { readIfThere } from '../place/config.ts';
import type { Context } from '../context.ts';
import { tokenFor } from '../place/identity.ts';
import { journal } from '../terminal/journal.ts';
import { tellNewAgents } from '../agent/newcomer.ts';

const NAME = 'bridge';
const INTERVAL_MS = 1_000;
const INTERVAL_LEAST_MS = 50;

export async function bridge(context: Context): Promise<void> {
  const { options, output, cwd, clock } = context;
  const say = journal({ output, clock, words: bridgeWords, colour: bridgeColour });
  const intervalMs = options.durationMs('interval') ?? INTERVAL_MS;
  const wanted = {
    dir: resolve(cwd, options.text('dir') ?? ''),
    fileAgents: names(options.text('agents')),
    hubAgents: names(options.text('hubAgents')) ?? [],
    name: options.text('name') ?? NAME,
    intervalMs: Math.max(intervalMs, INTERVAL_LEAST_MS),
  };
  const stop = context.interruption();
  if ((await context.place()).isAdmin) {
    await tellNewAgents(output, await context.hub(), wanted.hubAgents);
  }
  await runBridge(wanted, {
    connect: await connector(context),
    say(event) {
      if (event.kind !== 'progress' || output.isJson) return say(event);
      output.note(`${event.waiting} files wait in the inbox of ${event.agent}`, 'note');
    },
    stop,
  });
}

function names(list: string | undefined): string[] | undefined {
  return list
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Clients with the token of each agent; on the user's own hub the tokens come by themselves. */
async function connector(context: Context): Promise<(agent: string) => Promise<Client>> {
  const place = await context.place();
  const given = await tokensIn(context);
  const people = place.isAdmin ? await rolesOfOthers(await context.hub()) : NOBODY;
  const ownName = nameKey(context.options.text('name') ?? NAME);
  return async (agent) => {
    const key = nameKey(agent);
    const role = people.get(key);
    if (role !== undefined) throw notAnAgent(agent, role);
    const isNamed = key !== ownName || context.options.text('name') !== undefined;
    const token =
      given.get(key) ?? (await tokenFor(context, { name: agent, role: 'agent', isNamed }));
    return connect({ url: place.url, token, agent });
  };
}

const NOBODY: ReadonlyMap<string, string> = new Map();

/** Those who are no agents, but people or parts of the hub: files must not speak for them. */
async function rolesOfOthers(hub: Client): Promise<Map<string, string>> {
  const roles = new Map<string, string>();
  for (let cursor: string | undefined; ;) {
    const page: { items: Token[]; nextCursor: string | null } = await hub.token.list({ cursor });
    for (const { agent, role } of page.items) if (role !== 'agent') roles.set(nameKey(agent), role);
    if (page.nextCursor === null) return roles;
    cursor = page.nextCursor;
  }
}

function notAnAgent(name: string, role: string): SignalboxError {
  return new SignalboxError('forbidden', `\`${name}\` is ${role} at this hub, not an agent.`, {
    hint: 'Files must not speak for it: name those that may with --agents and --hub-agents.',
  });
}

const Tokens = z.record(z.string(), z.string());

async function tokensIn({ options, cwd }: Context): Promise<Map<string, string>> {
  const file = options.text('tokens');
  if (file === undefined) return new Map();
  const text = (await readIfThere(resolve(cwd, file))) ?? '';
  const { parse } = await import('yaml');
  const parsed = Tokens.safeParse(yamlIn(parse, text));
  if (!parsed.success) {
    throw new SignalboxError('invalid_input', `${file} holds no tokens.`, {
      hint: 'It has a line for each agent, as `ada: sbx_…`, and only you may read it.',
    });
  }
  return new Map(Object.entries(parsed.data).map(([name, token]) => [nameKey(name), token]));
}

function yamlIn(parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
