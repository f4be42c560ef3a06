/**
 * The sidecar with the real program of an agent: a task goes in, the model edits a file by a tool
 * call, and the change lands on the main branch, with what it cost.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { writeFileCall } from './gestures.ts';
import { startCommand, startHub } from './hub.ts';
import { findClient, type ProgramName } from './install.ts';
import { ENVIRONMENT, type Desk } from './run-client.ts';
import { describeClient, setStage } from './stage.ts';
import type { Reply } from './turn.ts';

const WAIT = { timeout: 90_000, interval: 200 };
const Shown = z.looseObject({
  task: z.looseObject({ state: z.string(), reason: z.string().nullable() }),
  attempts: z.array(z.looseObject({ number: z.int(), use: z.looseObject({}).nullish() })),
});

/** A model of the user's choice keeps Gemini from asking another one which to take. */
const BOTH = { inputTokens: 2, outputTokens: 2 };
const MODEL = ['--model', 'gemini-2.5-flash'];
const WAYS: { client: ProgramName; cli: string; extra: string[]; use: object }[] = [
  { client: 'claude', cli: 'claude', extra: [], use: BOTH },
  { client: 'codex', cli: 'codex', extra: [], use: BOTH },
  { client: 'gemini', cli: 'gemini', extra: MODEL, use: BOTH },
  // Copilot tells no more than the name of a model that is not its own.
  { client: 'copilot', cli: 'copilot', extra: [], use: { model: 'claude-sonnet-4' } },
  // Gemini CLI speaks ACP too, and asks for leave to edit.
  { client: 'gemini', cli: 'acp', extra: ['gemini', '--acp', '--skip-trust', ...MODEL], use: BOTH },
];

/** Copilot takes a model of the user's own, and asks for it as Claude Code does. */
const COPILOT = (url: string): Record<string, string> => ({
  COPILOT_PROVIDER_BASE_URL: url,
  COPILOT_PROVIDER_TYPE: 'anthropic',
  COPILOT_PROVIDER_API_KEY: 'none',
  COPILOT_MODEL: 'claude-sonnet-4',
  COPILOT_OFFLINE: 'true',
});

function environmentOf(program: ProgramName, url: string): Record<string, string> {
  return program === 'copilot' ? COPILOT(url) : ENVIRONMENT[program](url);
}

function editOf(program: ProgramName): Reply {
  if (program !== 'copilot') return writeFileCall(program, 'free.txt', 'hello');
  return { call: { tool: 'create', input: { path: 'free.txt', file_text: 'hello\n' } } };
}

/** A folder with the program under its own name, as in a user's PATH. */
async function programIn(desk: Desk, client: ProgramName): Promise<string> {
  const found = findClient(client);
  if ('missing' in found) throw new Error(found.missing);
  const folder = join(desk.home, 'bin');
  await mkdir(folder);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${found.entry}' "$@"\n`;
  await writeFile(join(folder, client), script);
  await chmod(join(folder, client), 0o755);
  return folder;
}

/** A bare repository with one commit on its main branch. */
async function remote(desk: Desk): Promise<string> {
  const bare = join(desk.home, 'app.git');
  const who = ['-c', 'user.name=Grace', '-c', 'user.email=grace@example.org'];
  const git = (...args: string[]) => execa('git', [...who, ...args], { cwd: desk.project });
  await git('init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git('commit', '--quiet', '--allow-empty', '-m', 'first');
  await git('push', '--quiet', bare, 'HEAD:refs/heads/main');
  return bare;
}

for (const { client, cli, extra, use } of WAYS)
  describeClient(client, () => {
    test(`does a task as ${cli}, and its change lands with what it cost`, async () => {
      let turns = 0;
      const dialect = client === 'copilot' ? 'claude' : client;
      const { model, desk } = await setStage(dialect, () =>
        turns++ === 0 ? editOf(client) : { say: 'I wrote free.txt.\nIt says hello.' },
      );
      const url = await remote(desk);
      const signalbox = await startHub(desk);
      const bin = await programIn(desk, client);
      const path = [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
      const args = ['agent', 'run', '--name', 'ada', '--cli', cli, '--', ...extra];
      const env = { PATH: path, LANG: 'C.UTF-8', ...environmentOf(client, model.url) };
      const sidecar = await startCommand(desk, args, env);
      await sidecar.says('connected');

      const submit = ['task', 'submit', 'Write free.txt', '--repo', url, '--json'];
      const needs = ['--needs', `cli:${cli}`];
      const { id } = z
        .looseObject({ id: z.string() })
        .parse(JSON.parse(await signalbox(...submit, ...needs)));
      const show = async (): Promise<z.infer<typeof Shown>> =>
        Shown.parse(JSON.parse(await signalbox('task', 'show', id, '--json')));
      await vi.waitFor(async () => {
        const { task } = await show();
        expect(task.state, `${task.reason}\n${sidecar.said()}`).toBe('done');
      }, WAIT);

      const { stdout } = await execa('git', ['-C', url, 'show', 'main:free.txt']);
      expect(stdout).toBe('hello');
      expect(model.turns[0]?.shown).toContain('# Write free.txt');
      expect(model.troubles).toEqual([]);
      const { attempts } = await show();
      expect(attempts).toHaveLength(1);
      expect(attempts[0]?.use ?? {}).toMatchObject(use);
      expect(sidecar.said()).toContain(`ada runs for each task: ${client} `);
    });
  });
