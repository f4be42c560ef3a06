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
import { findClient } from './install.ts';
import { ENVIRONMENT, type Desk } from './run-client.ts';
import { describeClient, setStage } from './stage.ts';
import type { ClientName } from './turn.ts';

const WAIT = { timeout: 90_000, interval: 200 };
const Shown = z.looseObject({
  task: z.looseObject({ state: z.string(), reason: z.string().nullable() }),
  attempts: z.array(z.looseObject({ number: z.int(), use: z.looseObject({}).nullish() })),
});

/** A model of the user's choice keeps Gemini from asking another one which to take. */
const EXTRA: Record<ClientName, string[]> = {
  claude: [],
  codex: [],
  gemini: ['--', '--model', 'gemini-2.5-flash'],
};

/** A folder with the program under its own name, as in a user's PATH. */
async function programIn(desk: Desk, client: ClientName): Promise<string> {
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

for (const client of ['claude', 'codex', 'gemini'] satisfies ClientName[])
  describeClient(client, () => {
    test('does a task in a worktree, and its change lands with what it cost', async () => {
      let turns = 0;
      const { model, desk } = await setStage(client, () =>
        turns++ === 0
          ? writeFileCall(client, 'free.txt', 'hello')
          : { say: 'I wrote free.txt.\nIt says hello.' },
      );
      const url = await remote(desk);
      const signalbox = await startHub(desk);
      const bin = await programIn(desk, client);
      const path = [bin, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
      const args = ['agent', 'run', '--name', 'ada', '--cli', client, ...EXTRA[client]];
      const env = { PATH: path, LANG: 'C.UTF-8', ...ENVIRONMENT[client](model.url) };
      const sidecar = await startCommand(desk, args, env);
      await sidecar.says('connected');

      const submit = ['task', 'submit', 'Write free.txt', '--repo', url, '--json'];
      const needs = ['--needs', `cli:${client}`];
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
      expect(attempts[0]?.use).toMatchObject({ inputTokens: 2, outputTokens: 2 });
      expect(sidecar.said()).toContain(`ada runs for each task: ${client} `);
    });
  });
