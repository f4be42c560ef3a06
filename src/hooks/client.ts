/** What there is to know of a client whose hooks are installed; each has a file of its own. */
import { entryMain } from './entry-files.ts';
import type { Client, Event } from './entry/dialect.ts';
import type { Env } from './entry/places.ts';
import type { Addition, JsonPlan } from './json-file.ts';
import type { BlockPlan } from './marked-block.ts';

export interface Surroundings {
  env: Env;
  home: string;
  cwd: string;
  /** The Node that runs hooks. */
  node: string;
  /** What starts `signalbox`: a program and its first arguments. */
  launcher: readonly [string, ...string[]];
}

export interface Wanted extends Surroundings {
  scope: 'user' | 'project';
  /** Which the agents here are to be called. */
  agent: string | undefined;
}

export interface ClientHooks {
  name: Client;
  title: string;
  /** The folder that is there where the client is used. */
  folder: (at: Surroundings) => string;
  plans: (wanted: Wanted) => readonly (JsonPlan | BlockPlan)[];
  /** What the client lets nobody enforce. */
  limits: readonly string[];
  /** What is left to do by hand, once the hooks are in their place. */
  todo: readonly string[];
}

/** The command line of a hook; clients give it to a shell. */
export function hookCommand(wanted: Wanted, client: Client, event: Event): string {
  const agent = wanted.agent === undefined ? [] : ['--agent', quoted(wanted.agent)];
  const parts = [quoted(wanted.node), quoted(entryMain(wanted.env)), client, event, ...agent];
  return parts.join(' ');
}

/** For a POSIX shell; plain words stay plain, paths are always quoted. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9._-]+$/.test(text)
    ? text
    : `"${text.replaceAll(/["\\$`]/g, String.raw`\$&`)}"`;
}

/** The entry by which a client starts the MCP server. */
export function mcpServer({ launcher, agent }: Wanted): { command: string; args: string[] } {
  const [command, ...first] = launcher;
  return { command, args: [...first, 'mcp', ...(agent === undefined ? [] : ['--agent', agent])] };
}

export const MCP_NAME = 'signalbox';

export function mcpAddition(wanted: Wanted, path: Addition['path'], more: object = {}): Addition {
  return { path: [...path, MCP_NAME], value: { ...more, ...mcpServer(wanted) } };
}

/** Ours are hooks that start our entry, and a server that is started as `… mcp`. */
export function isOurs(text: string): boolean {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return false;
  if ('hooks' in value && Array.isArray(value.hooks)) {
    return value.hooks.length > 0 && value.hooks.every(isOurHook);
  }
  return isOurHook(value) || isOurServer(value);
}

function isOurHook(hook: unknown): boolean {
  const command =
    typeof hook === 'object' && hook !== null && 'command' in hook ? hook.command : undefined;
  return typeof command === 'string' && /[\\/]signalbox[\\/]hooks[\\/]main\.js/.test(command);
}

function isOurServer(value: object): boolean {
  if (!('command' in value && 'args' in value) || !Array.isArray(value.args)) return false;
  const args: unknown[] = value.args;
  const all = [value.command, ...args].map(String);
  return (
    all.includes('mcp') && all.some((word) => /signalbox|[\\/]cli[\\/]main\.[jt]s$/.test(word))
  );
}

export function jsonPlan(path: string, additions: readonly Addition[]): JsonPlan {
  return { path, additions, isOurs };
}
