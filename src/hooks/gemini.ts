/** Gemini CLI: hooks and MCP servers in its settings. */
import { join } from 'node:path';
import { hookCommand, jsonPlan, mcpAddition, type ClientHooks, type Wanted } from './client.ts';
import type { Event } from './entry/dialect.ts';
import type { Addition } from './json-file.ts';

const EVENTS: readonly [name: string, event: Event, matcher?: string][] = [
  ['SessionStart', 'session-start'],
  ['BeforeAgent', 'user-prompt-submit'],
  ['BeforeTool', 'pre-tool-use', '^(write_file|replace|edit)$'],
  ['AfterAgent', 'stop'],
  ['SessionEnd', 'session-end'],
];
const TIMEOUT_MS = 15_000;
/** Gemini CLI keeps variables back whose names speak of secrets, unless they stand here. */
const PASSED = { SIGNALBOX_TOKEN: '$SIGNALBOX_TOKEN' };

export const gemini: ClientHooks = {
  name: 'gemini',
  title: 'Gemini CLI',
  folder: ({ home }) => join(home, '.gemini'),
  plans(wanted) {
    const folder = wanted.scope === 'project' ? wanted.cwd : wanted.home;
    const additions = [...hooksIn(wanted), mcpAddition(wanted, ['mcpServers'], { env: PASSED })];
    return [jsonPlan(join(folder, '.gemini', 'settings.json'), additions)];
  },
  limits: [
    'Files that a shell command changes (sed, a script, a formatter) take no lock.',
    'Gemini CLI runs no hooks of a project in a folder that it does not trust.',
  ],
  todo: [],
};

function hooksIn(wanted: Wanted): Addition[] {
  return EVENTS.map(([name, event, matcher]) => {
    const command = hookCommand(wanted, 'gemini', event);
    const hooks = [{ name: `signalbox-${event}`, type: 'command', command, timeout: TIMEOUT_MS }];
    return { path: ['hooks', name], item: matcher === undefined ? { hooks } : { matcher, hooks } };
  });
}
