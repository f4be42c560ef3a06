/** The hub of the user at a desk, and the command line as it is typed there. */
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { onTestFinished, vi } from 'vitest';
import type { Desk } from './run-client.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const WAIT = { timeout: 15_000, interval: 20 };

/** Runs `signalbox` in the project, to its end, and answers what it printed. */
export type Signalbox = (...args: string[]) => Promise<string>;

/** Until the test ends. */
export async function startHub({ home, project }: Desk): Promise<Signalbox> {
  const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  const options = { cwd: project, env: { HOME: home, PATH: path }, extendEnv: false } as const;
  const hub = execa(process.execPath, [MAIN, 'start', '--port', '0'], {
    ...options,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
  });
  onTestFinished(async () => {
    hub.kill();
    await hub;
  });
  let said = '';
  hub.all.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await vi.waitUntil(() => said.includes('Signalbox answers at'), WAIT);
  return async (...args) => (await execa(process.execPath, [MAIN, ...args], options)).stdout;
}
