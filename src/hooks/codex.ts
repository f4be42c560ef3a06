/** Codex: hooks in `hooks.json`, in the form of Claude Code; MCP servers in `config.toml`. */
import { isAbsolute, join } from 'node:path';
import {
  hookCommand,
  jsonPlan,
  MCP_NAME,
  mcpServer,
  type ClientHooks,
  type Surroundings,
  type Wanted,
} from './client.ts';
import type { Event } from './entry/dialect.ts';
import type { Addition } from './json-file.ts';

const EVENTS: readonly [name: string, event: Event, matcher?: string][] = [
  ['SessionStart', 'session-start'],
  ['UserPromptSubmit', 'user-prompt-submit'],
  ['PreToolUse', 'pre-tool-use', '^(apply_patch|Edit|Write)$'],
  ['Stop', 'stop'],
  ['SessionEnd', 'session-end'],
];
const TIMEOUT = 15;
/** Codex hands a server no other variable than those that are named. */
const PASSED = [
  'SIGNALBOX_URL',
  'SIGNALBOX_TOKEN',
  'SIGNALBOX_AGENT',
  'SIGNALBOX_TASK_ID',
  'SIGNALBOX_FENCE',
  'SIGNALBOX_REPOSITORY',
  'AGENT_ID',
  'AGENT_TYPE',
  'SESSION_ID',
  'BROKER_URL',
  'XDG_CONFIG_HOME',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
];

export const codex: ClientHooks = {
  name: 'codex',
  title: 'Codex',
  folder: codexHome,
  plans(wanted) {
    const folder = wanted.scope === 'project' ? join(wanted.cwd, '.codex') : codexHome(wanted);
    return [
      jsonPlan(join(folder, 'hooks.json'), hooksIn(wanted)),
      { path: join(folder, 'config.toml'), block: server(wanted), foreign },
    ];
  },
  limits: [
    'Files that a shell command changes (sed, a script, a formatter) take no lock.',
    'Codex runs a hook only after its user has trusted it, and skips it silently until then.',
  ],
  todo: ['In Codex, open /hooks and trust the hooks of Signalbox.'],
};

function codexHome({ env, home }: Pick<Surroundings, 'env' | 'home'>): string {
  const set = env['CODEX_HOME'] ?? '';
  return isAbsolute(set) ? set : join(home, '.codex');
}

function hooksIn(wanted: Wanted): Addition[] {
  return EVENTS.map(([name, event, matcher]) => {
    const command = hookCommand(wanted, 'codex', event);
    const hooks = [{ type: 'command', command, timeout: TIMEOUT }];
    return { path: ['hooks', name], item: matcher === undefined ? { hooks } : { matcher, hooks } };
  });
}

function server(wanted: Wanted): string {
  const { command, args } = mcpServer(wanted);
  // What JSON writes as a text is a basic string of TOML too.
  const list = args.map((arg) => JSON.stringify(arg)).join(', ');
  const names = PASSED.map((name) => JSON.stringify(name)).join(', ');
  return [
    `[mcp_servers.${MCP_NAME}]`,
    `command = ${JSON.stringify(command)}`,
    `args = [${list}]`,
    `env_vars = [${names}]`,
    '',
  ].join('\n');
}

/** A table of that name a second time, or after an inline one, would be no TOML. */
function foreign(rest: string): string | undefined {
  const found = /^[ \t]*(\[+[ \t]*)?"?mcp_servers"?[ \t]*(=|\.[ \t]*"?signalbox"?[ \t]*[\].=])/m;
  return found.exec(rest)?.[0].trim();
}
