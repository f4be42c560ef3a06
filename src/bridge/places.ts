/**
 * Which inboxes there are, and which side owns each.
 *
 * Folders are looked for once, at the start: whoever makes one later does not become an agent by
 * that. Where others may make folders, the agents are better named.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentName, limits, nameKey, SignalboxError } from '../contract/index.ts';
import { isErrno } from './errno.ts';
import { agentOf, folderOf } from './file-name.ts';
import type { Say } from './progress.ts';

export interface Place {
  agent: string;
  path: string;
  owner: 'files' | 'hub';
}

export interface PlaceOptions {
  dir: string;
  fileAgents?: readonly string[] | undefined;
  hubAgents: readonly string[];
}

export async function placesIn(options: PlaceOptions, say: Say): Promise<Place[]> {
  const { dir, fileAgents, hubAgents } = options;
  const folders = await inboxesIn(dir, say);
  const found = Array.from(folders.values(), ({ agent }) => agent);
  const hubKeys = new Set(hubAgents.map(nameKey));
  const files = fileAgents ?? found.filter((agent) => !hubKeys.has(nameKey(agent)));
  const named = [
    ...files.map((agent) => ({ agent, owner: 'files' as const })),
    ...hubAgents.map((agent) => ({ agent, owner: 'hub' as const })),
  ];
  check(named.map(({ agent }) => agent));
  return named.map(({ agent, owner }) => {
    const folder = folders.get(nameKey(agent))?.folder ?? folderOf(agent);
    return { agent, owner, path: join(dir, folder) };
  });
}

async function inboxesIn(
  dir: string,
  say: Say,
): Promise<Map<string, { agent: string; folder: string }>> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new SignalboxError('invalid_input', `There is no folder ${dir}.`, {
      hint: 'Make it, or mount it, and start the bridge again.',
      cause: error,
    });
  });
  const found = new Map<string, { agent: string; folder: string }>();
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const agent = entry.isDirectory() ? agentOf(entry.name) : undefined;
    if (agent === undefined) continue;
    const other = found.get(nameKey(agent))?.folder;
    if (other === undefined) found.set(nameKey(agent), { agent, folder: entry.name });
    else {
      const message = `${entry.name} is left alone: ${other} is the folder of that agent.`;
      say({ kind: 'trouble', agent, message });
    }
  }
  return found;
}

function check(agents: readonly string[]): void {
  const keys = new Set<string>();
  for (const agent of agents) {
    const key = AgentName.safeParse(agent).success ? nameKey(agent) : '';
    if (key === '' || keys.has(key)) {
      const problem = key === '' ? 'is no name of an agent' : 'is named twice';
      throw new SignalboxError('invalid_input', `${JSON.stringify(agent)} ${problem}.`, {
        hint: 'An agent lives on files or on the hub; names are letters, digits, `.`, `-`, `_`.',
      });
    }
    keys.add(key);
  }
  if (agents.length <= limits.bridgeAgentsMax && agents.length > 0) return;
  const most = limits.bridgeAgentsMax;
  throw new SignalboxError('invalid_input', `There are ${agents.length} inboxes to serve.`, {
    hint: `Make folders such as ada_inbox, or name up to ${most} agents.`,
  });
}
