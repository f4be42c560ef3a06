/** `signalbox smoke` as a person runs it: real processes, a real hub, a real repository. */
import { readdir } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { makeHome, type Home } from '../../src/cli/fixture.ts';
import { createGit } from '../../src/git/run.ts';

const TIMEOUT_MS = 240_000;
const run = promisify(execFile);
const Report = z.object({
  url: z.string(),
  isOwn: z.boolean(),
  isLanded: z.boolean(),
  shares: z.record(z.string(), z.int()),
  tasks: z.array(
    z.object({
      state: z.string(),
      offeredMs: z.number(),
      startedMs: z.number(),
      doneMs: z.number(),
    }),
  ),
});

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.close());

const env = () => ({ TMPDIR: home.root });

async function left(): Promise<{ folders: string[]; processes: string[] }> {
  const folders = (await readdir(home.root)).filter((name) => name.startsWith('signalbox-smoke-'));
  const { stdout } = await run('ps', ['-e', '-o', 'args=']);
  const processes = stdout
    .split('\n')
    .filter((line) => line.includes(`${home.root}/signalbox-smoke`));
  return { folders, processes };
}

test(
  'where there is no hub, tasks land on a hub of its own, and nothing is left',
  async () => {
    const ended = await home.run(['smoke', '--agents', '2', '--tasks', '4', '--json'], {
      env: env(),
    });
    expect(ended.code, ended.stderr).toBe(0);
    const report = Report.parse(JSON.parse(ended.stdout));
    expect(report).toMatchObject({ isOwn: true, isLanded: true });
    expect(Object.values(report.shares).reduce((sum, count) => sum + count, 0)).toBe(4);
    for (const { state, offeredMs, startedMs, doneMs } of report.tasks) {
      expect(state).toBe('done');
      expect(offeredMs).toBeLessThanOrEqual(startedMs);
      expect(startedMs).toBeLessThan(doneMs);
    }
    expect(await left()).toEqual({ folders: [], processes: [] });
    expect(await readdir(home.root), 'nothing of a hub of this user').not.toContain('state');
  },
  TIMEOUT_MS,
);

test(
  'at the hub in use its agents and tokens end with it, and no task of somebody else comes to its agents',
  async () => {
    const hub = home.start(['start', '--port', '0', '--json']);
    await hub.until('"url"');
    const touched = join(home.root, 'touched');
    const user = home.start(['agent', 'run', '--name', 'ada', '--', 'touch', touched]);
    await user.until('connected to');
    const kept = await home.run(['smoke', '--tasks', '3', '--keep'], { env: env() });
    expect(kept.code, kept.stdout + kept.stderr).toBe(0);
    expect(kept.stdout).toContain('ok: 3 tasks, each landed once');
    expect(await readdir(home.root), 'no task of the run is for the user’s agent').not.toContain(
      'touched',
    );
    user.child.kill('SIGTERM');
    await user.ended;
    const folder = /Everything lies in (\S+);/.exec(kept.stdout)?.[1] ?? '';
    const git = createGit({ env: process.env });
    const log = await git.text(['log', '--format=%s', 'main'], {
      gitDir: join(folder, 'smoke.git'),
    });
    expect(log.split('\n')).toHaveLength(4);
    const tokens = await home.run(['token', 'list']);
    expect(tokens.stdout.match(/smoke-\S+ .* no, revoked/g)).toHaveLength(3);
    const agents = await home.run(['agents', '--json']);
    expect(agents.stdout).not.toContain('smoke-');
    expect((await left()).processes).toEqual([]);

    await home.run(['task', 'submit', 'Somebody else’s']);
    const refused = await home.run(['smoke'], { env: env() });
    expect(refused.code).toBe(75);
    expect(refused.stderr).toContain('--fresh');
    expect(refused.stdout + refused.stderr).not.toContain('Everything lies');
    const agent = await home.run(['token', 'create', '--agent', 'ada']);
    const SIGNALBOX_TOKEN = agent.stdout.trim();
    const asAgent = await home.run(['smoke'], { env: { ...env(), SIGNALBOX_TOKEN } });
    expect(asAgent.code).toBe(77);
    expect(asAgent.stderr).toContain('ada is agent');
  },
  TIMEOUT_MS,
);

test(
  'a run that does not come to its end says why, fails, and leaves no process',
  async () => {
    const hub = home.start(['start', '--port', '0', '--json', '--no-verifier']);
    await hub.until('"url"');
    const args = ['smoke', '--tasks', '2', '--timeout', '4s'];
    const ended = await home.run(args, { env: env() });
    expect(ended.code, ended.stdout).toBe(69);
    expect(ended.stderr).toContain('Not everything landed: it took over 4 s');
    expect(ended.stderr).toMatch(/tsk_\w+ is verifying: /);
    expect((await left()).processes).toEqual([]);
    const tasks = await home.run(['task', 'list']);
    expect(tasks.stdout).not.toMatch(/queued|running|verifying/);
    const tokens = await home.run(['token', 'list']);
    expect(tokens.stdout).not.toMatch(/smoke-\S+ .* yes/);
  },
  TIMEOUT_MS,
);

test('counts that make no sense are refused before anything begins', async () => {
  for (const args of [
    ['--agents', '0'],
    ['--tasks', '1001'],
    ['--timeout', 'soon'],
  ]) {
    expect((await home.run(['smoke', ...args], { env: env() })).code, args.join(' ')).toBe(64);
  }
  expect((await left()).folders).toEqual([]);
});
