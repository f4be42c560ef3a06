/** Cursor: hooks in `hooks.json`, MCP servers in `mcp.json`. */
import { join } from 'node:path';
import { hookCommand, jsonPlan, mcpAddition, type ClientHooks, type Wanted } from './client.ts';
import type { Event } from './entry/dialect.ts';
import type { Addition } from './json-file.ts';

const EVENTS: readonly [name: string, event: Event, matcher?: string][] = [
  ['sessionStart', 'session-start'],
  ['preToolUse', 'pre-tool-use', 'Write|Edit|StrReplace|Delete|EditNotebook'],
  ['stop', 'stop'],
  ['sessionEnd', 'session-end'],
];
const TIMEOUT = 15;

export const cursor: ClientHooks = {
  name: 'cursor',
  title: 'Cursor',
  folder: ({ home }) => join(home, '.cursor'),
  plans(wanted) {
    const folder = join(wanted.scope === 'project' ? wanted.cwd : wanted.home, '.cursor');
    return [
      jsonPlan(join(folder, 'hooks.json'), [{ path: ['version'], frame: 1 }, ...hooksIn(wanted)]),
      jsonPlan(join(folder, 'mcp.json'), [mcpAddition(wanted, ['mcpServers'])]),
    ];
  },
  limits: [
    'Files that a shell command changes (sed, a script, a formatter) take no lock.',
    'Inline completions, and edits by hand in the editor, pass by every hook.',
    'Cursor tells an agent nothing at a prompt: mail comes at the start and at the end of a turn.',
  ],
  todo: ['In Cursor, allow the MCP server `signalbox` in Settings > MCP.'],
};

function hooksIn(wanted: Wanted): Addition[] {
  return EVENTS.map(([name, event, matcher]) => {
    const command = hookCommand(wanted, 'cursor', event);
    const hook = { command, timeout: TIMEOUT };
    return { path: ['hooks', name], item: matcher === undefined ? hook : { ...hook, matcher } };
  });
}
