/** `signalbox hooks`, as a process in a home of its own. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { makeHome, startScriptedHub, type Home } from './fixture.ts';

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.close());

const Status = z.object({
  entry: z.object({ installed: z.string().nullable(), isCurrent: z.boolean() }),
  hooks: z.array(z.object({ target: z.string(), state: z.string(), limits: z.array(z.string()) })),
  gate: z.string(),
});

async function states(): Promise<Record<string, string>> {
  const { stdout } = await home.run(['hooks', 'status', '--json']);
  const { hooks } = Status.parse(JSON.parse(stdout));
  return Object.fromEntries(hooks.map(({ target, state }) => [target, state]));
}

const NONE = { claude: 'none', codex: 'none', gemini: 'none', cursor: 'none', git: 'none' };

test('hooks are installed for the clients that are in use, told about, and taken out', async () => {
  await mkdir(join(home.root, '.claude'));
  await mkdir(join(home.root, '.cursor'));
  await writeFile(join(home.root, '.claude/settings.json'), '{"a": 1.0}');
  const installed = await home.run(['hooks', 'install', '--agent', 'ada']);
  expect(installed).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^claude +installed +\//),
  });
  expect(installed.stdout).not.toMatch(/codex|gemini|git/);
  expect(installed.stderr).toMatch(/In Cursor, allow/);
  expect(await states()).toEqual({ ...NONE, claude: 'installed', cursor: 'installed' });
  const { stdout } = await home.run(['hooks', 'status']);
  expect(stdout).toMatch(
    /claude +installed .*not enforced: .*entry +[0-9a-f]{12} .*: answers\n.*merge gate/s,
  );

  const settings = await readFile(join(home.root, '.claude/settings.json'), 'utf8');
  expect(settings).toContain('--agent ada');
  const again = await home.run(['hooks', 'install']);
  expect(again.stdout).not.toMatch(/ installed /);
  const doctor = await home.run(['doctor']);
  expect(doctor.stdout).toMatch(/ok +hooks +Claude Code, Cursor; edits by a shell/);

  expect(await home.run(['hooks', 'remove'])).toMatchObject({ code: 0 });
  expect(await readFile(join(home.root, '.claude/settings.json'), 'utf8')).toBe('{"a": 1.0}');
  expect(await states()).toEqual(NONE);
});

test('what is asked wrongly is refused with a hint', async () => {
  const nobody = await home.run(['hooks', 'install']);
  expect(nobody).toMatchObject({
    code: 64,
    stderr: expect.stringMatching(/claude, codex, gemini/),
  });
  const unknown = await home.run(['hooks', 'install', 'emacs']);
  expect(unknown).toMatchObject({
    code: 64,
    stderr: expect.stringMatching(/no hooks for `emacs`/),
  });
  expect(await home.run(['hooks', 'install', 'git'])).toMatchObject({ code: 64 });
  const both = await home.run(['hooks', 'install', 'claude', '--user', '--project']);
  expect(both).toMatchObject({ code: 64, stderr: expect.stringMatching(/exclude each other/) });
  const name = await home.run(['hooks', 'install', 'claude', '--agent', 'a b']);
  expect(name).toMatchObject({ code: 64, stderr: expect.stringMatching(/no name of an agent/) });
});

test('what is refused for one client is not half done for another', async () => {
  const refused = await home.run(['hooks', 'install', 'claude', 'git']);
  expect(refused).toMatchObject({ code: 64, stdout: '' });
  expect(refused.stderr).toContain('is in no repository of git');
  expect(await readdir(home.root)).toEqual([]);
  await writeFile(join(home.root, '.claude.json'), '{"mcpServers": []}');
  expect(await home.run(['hooks', 'install', 'codex', 'claude'])).toMatchObject({ code: 64 });
  expect(await readdir(home.root)).toEqual(['.claude.json']);
});

test('away go the folders that were made for hooks, and other clones are named', async () => {
  const [one, other] = [join(home.root, 'one'), join(home.root, 'the other')];
  for (const cwd of [one, other]) {
    execFileSync('git', ['init', '--quiet', cwd]);
    const args = ['hooks', 'install', 'git', 'claude', 'codex', 'cursor'];
    await mkdir(join(home.root, '.cursor'), { recursive: true });
    expect(await home.run(args, { cwd })).toMatchObject({ code: 0 });
  }
  await writeFile(join(home.root, '.codex/mine'), '');
  const removed = await home.run(['hooks', 'remove'], { cwd: one });
  expect(removed.code).toBe(0);
  expect(removed.stderr).toContain(`cd '${await realpath(other)}' && signalbox hooks remove git`);
  expect(removed.stderr).not.toContain('/one ');
  const left = (await readdir(home.root)).filter((name) => name.startsWith('.'));
  expect(left.toSorted()).toEqual(['.codex', '.cursor']);
  const rest = await home.run(['hooks', 'remove', 'git'], { cwd: other });
  expect(rest).toMatchObject({ code: 0, stderr: expect.not.stringContaining('another clone') });
});

test('in the shell of an agent the command line speaks as that agent', async () => {
  const hub = await startScriptedHub(home, {
    'token.create': () => ({
      secret: 'sbx_ada',
      token: {
        id: `tok_${'0'.repeat(21)}`,
        agent: 'ada',
        role: 'agent',
        createdAtMs: 0,
        expiresAtMs: null,
        revokedAtMs: null,
        lastUsedAtMs: null,
      },
    }),
    'lock.release': () => ({ released: [], items: 0 }),
  });
  const folder = join(home.root, 'state/signalbox/sessions');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'its'), 'ada\n');
  const env = { SESSION_ID: 'its', AGENT_ID: '' };
  await home.run(['lock', 'release'], { env });
  expect(hub.asked[0]).toMatchObject({ operation: 'token.create', input: { agent: 'ada' } });
  hub.close();
});
