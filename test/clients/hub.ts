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
export async function startHub(desk: Desk): Promise<Signalbox> {
  const hub = await startCommand(desk, ['start', '--port', '0']);
  await hub.says('Signalbox answers at');
  const options = optionsAt(desk, {});
  return async (...args) => (await execa(process.execPath, [MAIN, ...args], options)).stdout;
}

export interface Standing {
  /** All that it has printed. */
  said: () => string;
  /** Waits until it has printed this. */
  says: (words: string) => Promise<void>;
}

/** A `signalbox` that stays, until the test ends. */
export async function startCommand(
  desk: Desk,
  args: string[],
  env: Record<string, string> = {},
): Promise<Standing> {
  const command = execa(process.execPath, [MAIN, ...args], {
    ...optionsAt(desk, env),
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
  });
  onTestFinished(async () => {
    command.kill();
    await command;
  });
  let said = '';
  command.all.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return {
    said: () => said,
    async says(words) {
      await vi.waitUntil(() => said.includes(words), WAIT);
    },
  };
}

function optionsAt({ home, project }: Desk, env: Record<string, string>) {
  const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  const whole = { HOME: home, PATH: path, ...env };
  return { cwd: project, env: whole, extendEnv: false } as const;
}
