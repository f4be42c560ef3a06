/**
 * Where the programs of the agents are, once `script/clients FOLDER` has fetched them and
 * SIGNALBOX_CLIENTS names that folder. They are not among the packages of this project: they are
 * large, and other people's.
 *
 * Each is started by the file that its package means for a machine on which no install script
 * ran.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ClientName } from './turn.ts';

/** Programs that a sidecar runs; the last is not one that hooks are installed for. */
export type ProgramName = ClientName | 'copilot';

const ENTRIES: Record<ProgramName, string> = {
  claude: '@anthropic-ai/claude-code/cli-wrapper.cjs',
  codex: '@openai/codex/bin/codex.js',
  gemini: '@google/gemini-cli/bundle/gemini.js',
  copilot: '@github/copilot/npm-loader.js',
};

export type Found = { entry: string } | { missing: string };

export function findClient(client: ProgramName, env: NodeJS.ProcessEnv = process.env): Found {
  const folder = env.SIGNALBOX_CLIENTS;
  if (folder === undefined || folder === '')
    return { missing: 'SIGNALBOX_CLIENTS names no folder: ./script/clients FOLDER fetches them' };
  const entry = resolve(join(folder, 'node_modules', ENTRIES[client]));
  if (existsSync(entry)) return { entry };
  return { missing: `${entry} is missing: ./script/clients ${folder} fetches it` };
}
