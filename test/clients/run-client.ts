/**
 * Runs the program of an agent as a user would run it once, without a terminal, in a home and a
 * project of its own: with no more of this machine's environment than a path, no standard input,
 * a bounded time, and the scripted model in the place of its vendor's.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { ClientName } from './turn.ts';

const PATIENCE_MS = 60_000;

/** One user's machine: where the program keeps its settings, and a repository it works in. */
export interface Desk {
  home: string;
  project: string;
  remove: () => Promise<void>;
}

export interface Run {
  exitCode: number | undefined;
  /** What it printed, line by line, as it is meant for other programs. */
  events: unknown[];
  stdout: string;
  stderr: string;
}

export interface Errand {
  client: ClientName;
  entry: string;
  modelUrl: string;
  desk: Desk;
  prompt: string;
  /** Besides what the client needs to find its model. */
  env?: Record<string, string>;
}

export async function makeDesk(client: ClientName, modelUrl: string): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), `desk-${client}-`));
  const desk = {
    home: join(folder, 'home'),
    project: join(folder, 'project'),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
  await mkdir(desk.home);
  await mkdir(desk.project);
  await execa('git', ['init', '--quiet', desk.project]);
  for (const [path, content] of Object.entries(MODEL_SETTINGS[client](modelUrl))) {
    await mkdir(dirname(join(desk.home, path)), { recursive: true });
    await writeFile(join(desk.home, path), content);
  }
  return desk;
}

/** The files in a home that lead a client to the scripted model. */
const MODEL_SETTINGS: Record<ClientName, (url: string) => Record<string, string>> = {
  claude: () => ({}),
  codex: (url) => ({
    '.codex/config.toml': `model = "gpt-5.5"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
`,
  }),
  gemini: () => ({
    '.gemini/settings.json': `{
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "privacy": { "usageStatisticsEnabled": false },
  "general": { "enableAutoUpdate": false }
}
`,
  }),
};

/** What leads a client to the scripted model, besides those files. */
export const ENVIRONMENT: Record<ClientName, (url: string) => Record<string, string>> = {
  claude: (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'none',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
  }),
  codex: () => ({ SCRIPTED_KEY: 'none' }),
  gemini: (url) => ({ GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: url }),
};

/** Edits are let through by the client itself, so that what stops one is a hook. */
const WORDS: Record<ClientName, string[]> = {
  claude: ['--output-format', 'stream-json', '--verbose', '--permission-mode', 'acceptEdits'],
  codex: [
    'exec',
    '--json',
    '--skip-git-repo-check',
    // Both would ask the user: here is none, and all that runs is what the test has written.
    '--dangerously-bypass-approvals-and-sandbox',
    '--dangerously-bypass-hook-trust',
  ],
  gemini: ['--output-format', 'stream-json', '--skip-trust', '--approval-mode', 'yolo'],
};

const LAST_WORDS: Record<ClientName, string[]> = {
  claude: ['--allowedTools', 'mcp__fixture,mcp__signalbox', '-p'],
  codex: [],
  // A model of the user's choice keeps the program from asking another one which to take.
  gemini: ['--model', 'gemini-2.5-flash', '-p'],
};

export async function runClient(errand: Errand): Promise<Run> {
  const { client, entry, modelUrl, desk, prompt, env } = errand;
  const words = [entry, ...WORDS[client], ...LAST_WORDS[client], prompt];
  const { exitCode, stdout, stderr } = await execa(process.execPath, words, {
    cwd: desk.project,
    env: {
      HOME: desk.home,
      PATH: [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
      LANG: 'C.UTF-8',
      TMPDIR: tmpdir(),
      ...ENVIRONMENT[client](modelUrl),
      ...env,
    },
    extendEnv: false,
    stdin: 'ignore',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    reject: false,
  });
  return { exitCode, events: stdout.split('\n').flatMap(eventOf), stdout, stderr };
}

function eventOf(line: string): unknown[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
