/** Commands that stay: hubs, agents, verifiers. */
import type { CommandEntry, OptionEntry } from './entry.ts';

/** What `agent run` and the service that runs it both take. */
const AGENT: readonly OptionEntry[] = [
  { flags: '--name <name>', summary: 'the name of the agent', isRequired: true },
  { flags: '--slots <count>', summary: 'so many agents side by side: NAME-1, NAME-2, … (1)' },
  { flags: '--repo <url>', summary: 'fetched ahead, so that the first task starts at once' },
  { flags: '--only <url>', summary: 'work on this repository, not on others', isMany: true },
  { flags: '--capability <word>', summary: 'what it can do', isMany: true },
  {
    flags: '--cli <kind>',
    summary: 'claude, codex, gemini, copilot, aider, acp or openclaw; then more arguments',
  },
  { flags: '--wake-url <url>', summary: 'the agent runs elsewhere: post here that it has work' },
  { flags: '--wake-command', summary: 'the agent runs elsewhere: the command wakes it' },
  { flags: '--data <folder>', summary: 'where its worktrees and journal lie' },
  { flags: '--log <file>', summary: 'keep what it says there too, in 5 files of 5 MiB at most' },
  { flags: '--echo', summary: 'show what the command prints, on stderr' },
];
const SYSTEM: OptionEntry = {
  flags: '--system',
  summary: 'of the machine, for root; else of this user',
};

export const run: readonly CommandEntry[] = [
  {
    name: 'start',
    summary: 'Start a hub, and a verifier beside it, in the foreground.',
    group: 'Run',
    options: [
      { flags: '--host <address>', summary: 'where to listen', fallback: '127.0.0.1' },
      { flags: '--port <port>', summary: '0 takes a free one', fallback: '8080' },
      { flags: '--data <folder>', summary: 'where the data lies' },
      { flags: '--database-url <url>', summary: 'PostgreSQL (postgres://…) instead of SQLite' },
      { flags: '--mirror <folder>', summary: 'show the cases there, as files to be read' },
      { flags: '--auth <kind>', summary: '`token`, or `none` on loopback only', fallback: 'token' },
      { flags: '--no-verifier', summary: 'without a verifier of its own' },
      { flags: '--webhook-allow <range>', summary: 'private addresses for webhooks', isMany: true },
      { flags: '--log-level <level>', summary: 'fatal, error, warn, info, debug, trace or silent' },
    ],
    load: async () => {
      const { startOptions } = await import('../start-options.ts');
      const { start } = await import('../commands/start.ts');
      return (context) => start(startOptions(context));
    },
  },
  {
    name: 'stop',
    summary: 'End the hub of this user on this machine, whoever has started it.',
    group: 'Run',
    load: async () => (await import('../commands/stop.ts')).stop,
  },
  {
    name: 'mcp',
    summary: 'Serve the tools of the hub over MCP on stdin and stdout, for the agent that asks.',
    group: 'Run',
    options: [
      { flags: '--agent <name>', summary: 'be this agent; AGENT_ID unless told' },
      { flags: '--session <name>', summary: 'who holds its locks; SESSION_ID unless told' },
    ],
    example: 'claude mcp add signalbox -- signalbox mcp --agent ada',
    load: async () => (await import('../commands/mcp.ts')).mcp,
  },
  {
    name: 'agent run',
    args: '[command...]',
    summary:
      'Be an agent: take tasks, and run a command or a CLI for each in a worktree of its own.',
    group: 'Run',
    options: [
      ...AGENT,
      { flags: '--trial', summary: 'connect, beat once, and end: no task is taken' },
    ],
    example: `signalbox agent run --name ada -- sh -c 'my-agent < "$SIGNALBOX_TASK_FILE"'`,
    load: async () => (await import('../commands/agent-run.ts')).runAgent,
  },
  {
    name: 'agent install',
    args: '[command...]',
    summary:
      'Run an agent as a service of systemd or launchd: now, and whenever the machine starts.',
    group: 'Run',
    options: [...AGENT, SYSTEM, { flags: '--print', summary: 'only show the file of the service' }],
    example: `signalbox agent install --name ada --slots 2 -- my-agent`,
    load: async () => {
      const { installAgent } = await import('../commands/agent-install.ts');
      return (context) => installAgent(context, AGENT);
    },
  },
  {
    name: 'agent uninstall',
    args: '<name>',
    summary: 'Stop the service of an agent and take its file away; its data stays.',
    group: 'Run',
    options: [SYSTEM],
    load: async () => (await import('../commands/agent-uninstall.ts')).uninstallAgent,
  },
  {
    name: 'agent installed',
    summary: 'The agents that run as services here, and how they are.',
    group: 'Look',
    options: [SYSTEM],
    load: async () => (await import('../commands/agent-uninstall.ts')).listInstalledAgents,
  },
  {
    name: 'verifier run',
    summary: 'Be a verifier: test changes in clean worktrees and land what passes.',
    group: 'Run',
    options: [
      { flags: '--name <name>', summary: 'its name; that of its token, or `verifier`' },
      { flags: '--data <folder>', summary: 'where its worktrees lie' },
    ],
    load: async () => (await import('../commands/verifier-run.ts')).runVerifier,
  },
  {
    name: 'bridge',
    summary: 'Carry messages between the hub and a folder of Markdown inboxes.',
    group: 'Run',
    options: [
      { flags: '--dir <folder>', summary: 'holds NAME_inbox folders', isRequired: true },
      {
        flags: '--agents <names>',
        summary: 'those who live on files (a,b); else all that have a folder',
      },
      {
        flags: '--hub-agents <names>',
        summary: 'those who live on the hub: what lies in their folders is sent',
      },
      { flags: '--interval <duration>', summary: 'how often it looks at the folders (1s)' },
      { flags: '--name <name>', summary: 'its own name, for what no agent here sends (bridge)' },
      { flags: '--tokens <file>', summary: 'lines of `name: token`, for a hub elsewhere' },
    ],
    example: 'signalbox bridge --dir /mnt/signals --hub-agents closer',
    load: async () => (await import('../commands/bridge.ts')).bridge,
  },
  {
    name: 'demo',
    summary: 'Show the whole way once, in a temporary folder: tasks in, commits out.',
    group: 'Run',
    options: [
      { flags: '--repo <repository>', summary: 'a copy of this path or URL; else of this project' },
      { flags: '--keep', summary: 'leave the hub running' },
      { flags: '--timeout <duration>', summary: 'the longest that the tasks may take (3m)' },
    ],
    load: async () => (await import('../commands/demo.ts')).demo,
  },
  {
    name: 'smoke',
    summary: 'Run cheap tasks through the whole pipeline, and prove that each has landed.',
    group: 'Run',
    options: [
      { flags: '--agents <count>', summary: 'how many agents do them (2)' },
      { flags: '--tasks <count>', summary: 'how many tasks (10)' },
      { flags: '--fresh', summary: 'on a hub of its own, also where one is in use' },
      { flags: '--keep', summary: 'leave the repository and the logs' },
      { flags: '--timeout <duration>', summary: 'the longest that it may take (3m)' },
    ],
    load: async () => (await import('../commands/smoke.ts')).smoke,
  },
];
