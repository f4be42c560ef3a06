/**
 * How long it takes from the end of an agent until its task is offered to another. Each agent is a
 * process of its own; a task only it and one survivor can do is running in its hand.
 *
 * `closed`: killed (SIGKILL), so that its socket closes. `silent`: stopped (SIGSTOP), so that only
 * its beats are missing. They end at moments that are spread over more than one beat.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '../../src/client/index.ts';
import { percentile } from '../figures.ts';
import { startHub } from '../servers.ts';

const AT_ONCE = 50;
const SPREAD_MS = 6_000;
const LOST_MS = 60_000;
const victim = fileURLToPath(new URL('victim.ts', import.meta.url));

const WAYS = [
  { name: 'closed', signal: 'SIGKILL', promisedMs: 4_000 },
  { name: 'silent', signal: 'SIGSTOP', promisedMs: 17_000 },
] as const;
type Way = (typeof WAYS)[number];

export async function recovery({ samples }: { samples: number }): Promise<void> {
  const hub = await startHub();
  try {
    const { origin, hash } = new URL(hub.url);
    const admin = connect({ url: origin, token: hash.slice(1), transport: 'http' });
    console.log('killed → offered to another, ms\n');
    console.log('         samples   median      p99      max   promised');
    for (const way of WAYS) {
      const tookMs: number[] = [];
      while (tookMs.length < samples) {
        const count = Math.min(AT_ONCE, samples - tookMs.length);
        const scenes = Array.from({ length: count }, (_, index) => ({
          admin,
          url: origin,
          way,
          name: `${way.name}-${tookMs.length + index}`,
        }));
        tookMs.push(...(await round(scenes)));
      }
      report(way, tookMs);
    }
    admin.close();
  } finally {
    await hub.stop();
  }
}

interface Scene {
  admin: Client;
  url: string;
  way: Way;
  name: string;
}

interface Ready extends Scene {
  child: ChildProcess;
  offered: Promise<number>;
  leave: () => Promise<void>;
}

async function round(scenes: readonly Scene[]): Promise<number[]> {
  const ready: Ready[] = [];
  for (const scene of scenes) ready.push(await prepare(scene));
  return Promise.all(ready.map(end));
}

/** A task is in the hand of one agent, and another that can do it waits. */
async function prepare(scene: Scene): Promise<Ready> {
  const { admin, url, name } = scene;
  const { secret } = await admin.token.create({ agent: name });
  const args = [victim, '--url', url, '--token', secret, '--can', name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const { id } = await admin.task.submit({ title: name, needs: [name] });
  while ((await admin.task.show({ id })).task.state !== 'running') await sleep(10);
  const other = await admin.token.create({ agent: `${name}-survivor` });
  const survivor = connect({ url, token: other.secret });
  const { cursor, sessionId, beatMs } = await survivor.agent.connect({ capabilities: [name] });
  const beating = setInterval(() => void survivor.agent.heartbeat({ sessionId }), beatMs);
  const leave = async (): Promise<void> => {
    clearInterval(beating);
    child.kill('SIGKILL');
    await admin.task.cancel({ id });
    survivor.close();
  };
  const offered = new Promise<number>((resolve) => {
    survivor.subscribe({
      after: cursor,
      filter: { mine: true, types: ['task.offered'] },
      onEvent: ({ subject }) => {
        if (subject === id) resolve(performance.now());
      },
    });
  });
  return { ...scene, child, offered, leave };
}

async function end({ child, offered, leave, way, name }: Ready): Promise<number> {
  await sleep(Math.random() * SPREAD_MS);
  const beganMs = performance.now();
  child.kill(way.signal);
  const late = sleep(LOST_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the task of ${name} was offered to nobody`);
  });
  try {
    return (await Promise.race([offered, late])) - beganMs;
  } finally {
    await leave();
  }
}

function report({ name, promisedMs }: Way, tookMs: readonly number[]): void {
  const shown = [50, 99, 100].map((percent) => percentile(tookMs, percent).toFixed(0).padStart(7));
  const isKept = percentile(tookMs, 99) <= promisedMs;
  const promise = `p99 ≤ ${promisedMs}: ${isKept ? 'kept' : 'BROKEN'}`;
  console.log(`${name}   ${String(tookMs.length).padStart(7)}  ${shown.join('  ')}   ${promise}`);
  if (!isKept) process.exitCode = 1;
}
