/**
 * CLIs of agents that misbehave in every way, under a sidecar and a hub that are processes of their
 * own: what happened is told clearly, what was made is on its branch, and the machine is left clean.
 */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeHome, type Home, type Running } from '../../src/cli/fixture.ts';
import { makePlace, type Place } from '../../src/git/fixture.ts';
import { type HubProcess, startHub } from './hub-process.ts';
import { processesOf } from './station.ts';

const CAPTURED = join(import.meta.dirname, '../../src/sidecar/adapters/captured');
const DONE = join(CAPTURED, 'codex-0.169.0-done.jsonl');
const WAIT = { timeout: 30_000, interval: 50 };
/** What the sidecar holds at most: some 130 MiB at rest, and not a hundred more. */
const KIB_MAX = 220 * 1024;

let home: Home;
let place: Place;
let hub: HubProcess;
let sidecar: Running;
let repository: string;
/** What runs while nothing is in hand. */
let quiet: string[];

beforeAll(async () => {
  home = await makeHome();
  place = await makePlace();
  repository = await place.remote('app');
  hub = await startHub(home, { more: ['--no-verifier'] });
  const bin = join(home.root, 'bin');
  await mkdir(bin);
  // The body of the task is what this CLI does.
  await writeFile(join(bin, 'codex'), '#!/bin/sh\nexec sh -c "$SIGNALBOX_TASK_BODY"\n');
  await chmod(join(bin, 'codex'), 0o755);
  const args = ['agent', 'run', '--json', '--name', 'ada', '--cli', 'codex', '--data', 'agents'];
  sidecar = home.start(args, { env: { PATH: `${bin}:${home.env['PATH']}`, DONE } });
  await sidecar.until('"connected"');
  quiet = processesOf(home.root);
});
afterAll(async () => {
  hub.close();
  await home.close();
  await place.remove();
});

/** Nothing that the CLI started lives, and of its attempt nothing is left but what was pushed. */
async function isClean(): Promise<void> {
  const [folder = ''] = await readdir(join(home.root, 'agents'));
  await vi.waitFor(async () => {
    for (const name of ['attempts', 'outbox', 'work']) {
      const left = await readdir(join(home.root, 'agents', folder, name)).catch(() => []);
      expect(left, name).toEqual([]);
    }
    expect(processesOf(home.root)).toEqual(quiet);
  }, WAIT);
  const worktrees = await readdir(join(home.root, 'agents'), { recursive: true });
  expect(worktrees.filter((name) => /\/worktrees\/./.test(name))).toEqual([]);
}

interface Misbehaviour {
  does: string;
  script: string;
  /** What the attempt comes to. */
  outcome: 'handed_in' | 'failed' | 'no_change';
  says: RegExp;
  /** Whether what it made first is on the branch of the attempt. */
  isKept: boolean;
  timeoutMs?: number;
}

const kinds: Misbehaviour[] = [
  {
    does: 'exits 0 having done nothing',
    script: 'exit 0',
    outcome: 'no_change',
    says: /exited with code 0 .*It left no difference to its base\./,
    isKept: false,
  },
  {
    does: 'prints broken JSON, and bytes that are no text',
    script: `printf '{"type":"turn.com\\n{{{{\\n\\377\\376\\n'; echo x > made.txt; cat $DONE`,
    outcome: 'handed_in',
    says: /^$/,
    isKept: true,
  },
  {
    does: 'prints no newline for 100 MB',
    script: 'echo x > made.txt; head -c 100000000 /dev/zero | tr "\\0" "{"; echo; cat $DONE',
    outcome: 'handed_in',
    says: /^$/,
    isKept: true,
  },
  {
    does: 'forks away',
    script:
      'echo x > made.txt; (setsid sh -c "sleep 1000; true" >/dev/null 2>&1 &); ' +
      'setsid sleep 1000 & cat $DONE',
    outcome: 'handed_in',
    says: /^$/,
    isKept: true,
  },
  {
    does: 'ignores signals',
    script: `trap '' TERM INT HUP; echo x > made.txt; while :; do sleep 0.1; done`,
    outcome: 'failed',
    says: /took longer than the 1\.0 s it is allowed/,
    isKept: true,
    timeoutMs: 1_000,
  },
  {
    does: 'fills the disk and gives up',
    script: 'echo x > made.txt; cat /dev/zero > /dev/full || exit 1',
    outcome: 'failed',
    says: /exited with code 1[^]*No space left on device/,
    isKept: true,
  },
];

test.each(kinds)('a CLI that $does', async ({ script, outcome, says, isKept, timeoutMs }) => {
  const order = { title: 'misbehave', body: script, repository, failuresMax: 1, timeoutMs };
  const { id } = await hub.admin.task.submit(order);
  const { task, attempts } = await vi.waitFor(async () => {
    const shown = await hub.admin.task.show({ id });
    expect(shown.task.state).toBe(outcome === 'handed_in' ? 'verifying' : 'dead');
    return shown;
  }, WAIT);
  expect(attempts).toMatchObject([{ outcome, agent: 'ada' }]);
  expect(task.reason ?? '').toMatch(says);
  await isClean();
  const branch = await place.plain(repository, 'branch', '--list', `signalbox/${id}/1`);
  expect(branch !== '').toBe(isKept);
  if (isKept) {
    expect(await place.plain(repository, 'show', `signalbox/${id}/1:made.txt`)).toBe('x');
  }
  const status = await readFile(`/proc/${sidecar.child.pid}/status`, 'utf8');
  expect(Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1])).toBeLessThan(KIB_MAX);
});
