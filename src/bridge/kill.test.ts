/**
 * `kill -9` of the bridge at any point. Messages go both ways through a bridge that kills itself at
 * its n-th contact with the world, and the hub forgets every key; another bridge goes on after it.
 * Then every file was sent once, every message was delivered once, and both sides agree.
 *
 * By default a sample of the points is tried; SIGNALBOX_KILL_POINTS=all tries every one.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Desk, QUICK, T, WAIT } from './fixture.ts';

let desk: Desk | undefined;
let child: ChildProcess | undefined;
afterEach(async () => {
  child?.kill('SIGKILL');
  await desk?.close();
});

const DROPPED = [1, 2, 3].map((at) => `${T}_N${at}_Pulse_to_Closer.md`);
const HOPELESS = `${T}_NO_Pulse_to_Closer.md`;
const OWNERS = { fileAgents: ['Pulse'], hubAgents: ['Closer'] };

/** Answers how many points the killed run had not reached, or undefined where it was killed. */
async function tryPoint(point: number): Promise<number | undefined> {
  desk = await Desk.open();
  const { hub, dir } = desk;
  for (const name of DROPPED) await desk.drop('closer_inbox', name, `${name}\n`);
  await desk.drop('closer_inbox', HOPELESS, '---\nttl: never\n---\n');
  const [one, two] = ['ONE', 'TWO'].map((type) => hub.send('Closer', 'Pulse', { type }));
  const bad = hub.send('Closer', 'Pulse', { type: 'BAD' });
  await mkdir(desk.path('pulse_inbox', '.failed'), { recursive: true });

  const url = await hub.serve();
  const setting = { point, url, options: { dir, ...OWNERS, ...QUICK } };
  const file = join(import.meta.dirname, 'killed.fixture.ts');
  child = fork(file, [JSON.stringify(setting)], { execArgv: [] });
  const exited = once(child, 'exit');
  let left: number | undefined;
  child.on('message', (said) => {
    left ??= z.object({ pointsLeft: z.int().optional() }).parse(said).pointsLeft;
  });

  const delivered: string[] = [];
  let isResumed = false;
  await vi.waitFor(async () => {
    if (!isResumed && child?.signalCode !== null) {
      hub.answers.clear();
      desk?.start(OWNERS);
      isResumed = true;
    }
    await readAll(delivered);
    expect(hub.pending('Pulse')).toEqual([]);
    expect(await desk?.files('closer_inbox', '.processed')).toEqual(DROPPED);
    expect(await desk?.files('closer_inbox', '.failed')).toContain(HOPELESS);
  }, WAIT);
  if (child.connected) child.send('stop', () => {});
  await exited;

  expect(hub.of('closer').map(({ type }) => type)).toEqual(['N1', 'N2', 'N3']);
  expect(delivered).toHaveLength(3);
  expect(new Set(delivered)).toEqual(new Set([one, two, bad]));
  expect([one, two, bad].map((id) => hub.stateOf(id ?? ''))).toEqual(['acked', 'acked', 'dead']);
  expect(await desk.files('closer_inbox')).toEqual([]);
  await desk.close();
  return left;
}

/** The agent beside the folder: it takes each file once, and gives one up. */
async function readAll(delivered: string[]): Promise<void> {
  for (const name of (await desk?.files('pulse_inbox')) ?? []) {
    const id = /^id: (\S+)$/m.exec((await desk?.read('pulse_inbox', name)) ?? '')?.[1];
    const isBad = name.includes('BAD');
    const reason = desk?.path('pulse_inbox', '.failed', `${name}.reason.md`) ?? '';
    if (isBad) await writeFile(reason, 'it is bad');
    await desk?.process('pulse_inbox', name, isBad ? '.failed' : '.processed');
    delivered.push(id ?? 'half a file');
  }
}

const isAll = process.env['SIGNALBOX_KILL_POINTS'] === 'all';
const FAR = 1_000_000;

test('a bridge that is killed at any point loses nothing and delivers nothing twice', async () => {
  const left = await tryPoint(FAR);
  expect(left).toBeDefined();
  const count = FAR - (left ?? 0);
  expect(count).toBeGreaterThan(200);
  const step = isAll ? 1 : Math.ceil(count / 12);
  for (let point = 1 + (count % step); point <= count; point += step) {
    await tryPoint(point).catch((error: unknown) => {
      throw new Error(`killed at point ${point} of ${count}`, { cause: error });
    });
  }
}, 900_000);
