/** Uploads to a hub that is a process of its own, which is killed, or watched for what it holds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type Client, connect } from '../../src/client/index.ts';
import { limits, SignalboxError } from '../../src/contract/index.ts';
import { testFolder } from '../support/engines.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const MIB = 1024 * 1024;
const ROUNDS = 6;
const CASE = 'abc-123';

interface Running {
  child: ChildProcess;
  client: Client;
}

/** Without a verifier: nothing else is to write or to hold memory. */
async function start(home: string): Promise<Running> {
  const args = ['start', '--json', '--port', '0', '--no-verifier', '--data', join(home, 'data')];
  const env = { PATH: process.env['PATH'], HOME: home };
  const child = spawn(process.execPath, [MAIN, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [line] = z.array(z.string()).parse(await once(lines, 'line'));
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(line ?? ''));
  const token = readFileSync(join(home, 'data/admin.token'), 'utf8').trim();
  const client = connect({ url, token, transport: 'http' });
  onTestFinished(() => client.close());
  return { child, client };
}

async function kill({ child }: Running): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** What lies there, by its path below the folder of artifacts. */
function filesOf(home: string): string[] {
  const folder = join(home, 'data/artifacts');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(folder, name)).isFile());
}

/** Of each upload what came before the kill; the hub must answer for no more. */
async function* trickle(chunks: number, atChunk: (count: number) => Promise<void>) {
  for (let count = 0; count < chunks; count++) {
    await atChunk(count);
    yield new Uint8Array(MIB).fill(count + 1);
  }
}

test('a hub that is killed in the middle of an upload has nothing of it when it is back', async () => {
  const home = testFolder();
  let hub = await start(home);
  await hub.client.case.put({ id: CASE, state: {}, stage: 'pulse' });
  const body = trickle(64, async (count) => {
    if (count < 4) return;
    await expect.poll(() => filesOf(home).length).toBe(1);
    await kill(hub);
  });
  const upload = hub.client.artifact.upload({ caseId: CASE, name: 'half.bin' }, body);
  await expect(upload).rejects.toMatchObject({ code: 'unavailable' });
  expect(filesOf(home)).toHaveLength(1);
  hub = await start(home);
  expect(filesOf(home)).toEqual([]);
  expect((await hub.client.artifact.list({ caseId: CASE })).items).toEqual([]);
});

test('whenever the hub is killed, every answered upload is whole and no other is there', async () => {
  const home = testFolder();
  const answered = new Set<string>();
  let hub = await start(home);
  await hub.client.case.put({ id: CASE, state: {}, stage: 'pulse' });
  for (let round = 0; round < ROUNDS; round++) {
    const enough = answered.size + 2 + round;
    const uploads = Array.from({ length: 3 }, async (_, lane) => {
      for (let n = 0; ; n++) {
        const name = `${round}-${lane}-${n}`;
        const bytes = Buffer.from(name.repeat(20_000));
        const place = { caseId: CASE, name };
        const { sha256 } = await hub.client.artifact.upload(place, new Blob([bytes]));
        answered.add(sha256);
        if (answered.size === enough) await kill(hub);
      }
    });
    for (const { reason } of await Promise.allSettled(uploads).then((all) =>
      all.filter((one) => one.status === 'rejected'),
    )) {
      expect(reason).toBeInstanceOf(SignalboxError);
    }
    hub.client.close();
    hub = await start(home);
    const { items } = await hub.client.artifact.list({ caseId: CASE, limit: 200 });
    const named = new Set(items.map(({ sha256 }) => sha256));
    expect([...answered].filter((sha256) => !named.has(sha256))).toEqual([]);
    const wanted = [...named].map((sha256) => join(sha256.slice(0, 2), sha256.slice(2)));
    await expect.poll(() => filesOf(home).toSorted()).toEqual(wanted.toSorted());
  }
  for (const file of filesOf(home)) {
    const bytes = readFileSync(join(home, 'data/artifacts', file));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.replace('/', ''));
  }
  expect(answered.size).toBeGreaterThan(ROUNDS);
});

function memoryOf({ child }: Running, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}

test.skipIf(process.platform !== 'linux')(
  'what a hub holds in memory does not grow with what passes through it',
  async () => {
    const hub = await start(testFolder());
    await hub.client.case.put({ id: CASE, state: {}, stage: 'pulse' });
    const place = { caseId: CASE, bytes: limits.artifactBytesMax };
    const body = (): AsyncGenerator<Uint8Array> => trickle(100, async () => {});
    await hub.client.artifact.upload({ ...place, name: 'first.bin' }, body());
    // What V8 lets lie until it collects is there now, and is of one size whatever passes.
    const before = memoryOf(hub, 'VmHWM');
    const { id } = await hub.client.artifact.upload({ ...place, name: 'big.bin' }, body());
    let bytes = 0;
    for await (const chunk of (await hub.client.artifact.download({ id })).body)
      bytes += chunk.length;
    expect(bytes).toBe(limits.artifactBytesMax);
    expect(memoryOf(hub, 'VmHWM') - before).toBeLessThan(30 * MIB);
  },
);
