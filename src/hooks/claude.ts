/** Claude Code: hooks in its settings, its MCP servers in `~/.claude.json`. */
import { join } from 'node:path';
import { hookCommand, jsonPlan, mcpAddition, type ClientHooks, type Wanted } from './client.ts';
import type { Event } from './entry/dialect.ts';
import type { Addition } from './json-file.ts';

const EVENTS: readonly [name: string, event: Event, matcher?: string][] = [
  ['SessionStart', 'session-start'],
  ['UserPromptSubmit', 'user-prompt-submit'],
  ['PreToolUse', 'pre-tool-use', 'Edit|MultiEdit|Write|NotebookEdit'],
  ['Stop', 'stop'],
  ['SessionEnd', 'session-end'],
];
/** Of the client, in seconds: beyond what the entry gives itself. */
const TIMEOUT = 15;

export const claude: ClientHooks = {
  name: 'claude',
  title: 'Claude Code',
  folder: ({ home }) => join(home, '.claude'),
  plans(wanted) {
    const { scope, home, cwd } = wanted;
    const isProject = scope === 'project';
    const settings = isProject
      ? join(cwd, '.claude', 'settings.local.json')
      : join(home, '.claude', 'settings.json');
    const servers = isProject ? ['projects', cwd, 'mcpServers'] : ['mcpServers'];
    return [
      jsonPlan(settings, hooksIn(wanted)),
      jsonPlan(join(home, '.claude.json'), [mcpAddition(wanted, servers, { type: 'stdio' })]),
    ];
  },
  limits: [
    'Files that a shell command changes (sed, a script, a formatter) take no lock.',
    'Sessions started before the installation, or with hooks switched off, run without hooks.',
  ],
  todo: [],
};

function hooksIn(wanted: Wanted): Addition[] {
  return EVENTS.map(([name, event, matcher]) => {
    const command = hookCommand(wanted, 'claude', event);
    const hooks = [{ type: 'command', command, timeout: TIMEOUT }];
    return { path: ['hooks', name], item: matcher === undefined ? { hooks } : { matcher, hooks } };
  });
}
