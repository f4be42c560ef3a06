/**
 * How each program is told of an MCP server and of hooks, for the fixtures; where a user has such
 * settings already, they are added to.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { ClientName } from './turn.ts';
import type { Desk } from './run-client.ts';

export interface Command {
  command: string;
  args: string[];
}

/** From the client's own name of an event to the line a shell runs for it. */
export type Hooks = Record<string, { matcher?: string; command: string }>;

export async function addServer(client: ClientName, desk: Desk, server: Command): Promise<void> {
  switch (client) {
    case 'claude':
      return merge(join(desk.home, '.claude.json'), { mcpServers: { fixture: server } });
    case 'gemini':
      return merge(join(desk.home, '.gemini/settings.json'), { mcpServers: { fixture: server } });
    case 'codex':
      return append(
        join(desk.home, '.codex/config.toml'),
        `\n[mcp_servers.fixture]
command = ${JSON.stringify(server.command)}
args = ${JSON.stringify(server.args)}\n`,
      );
  }
}

const HOOK_FILES: Record<ClientName, string> = {
  claude: '.claude/settings.json',
  codex: '.codex/hooks.json',
  gemini: '.gemini/settings.json',
};

export async function addHooks(client: ClientName, desk: Desk, hooks: Hooks): Promise<void> {
  const entries = Object.entries(hooks).map(([event, { command, ...matcher }]) => [
    event,
    [{ ...matcher, hooks: [{ type: 'command', command }] }],
  ]);
  await merge(join(desk.home, HOOK_FILES[client]), { hooks: Object.fromEntries(entries) });
}

async function merge(file: string, added: Record<string, unknown>): Promise<void> {
  const old = await readFile(file, 'utf8').catch(() => '{}');
  const settings = { ...z.looseObject({}).parse(JSON.parse(old)), ...added };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(settings, null, 2));
}

async function append(file: string, added: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')) + added);
}
