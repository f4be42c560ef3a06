/**
 * Two machines with a wire between them: two network namespaces, each with a home of its own, that
 * see nothing of each other but over a pair of virtual links. It takes root and iproute2.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { makeHome, type Home } from '../../src/cli/fixture.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const run = promisify(execFile);

export interface Machine {
  address: string;
  home: Home;
  /** Runs a command line to its end; throws where it fails. */
  run: (args: readonly string[]) => Promise<{ stdout: string; stderr: string }>;
  start: (args: readonly string[]) => { child: ChildProcess; said: () => string };
}

export interface TwoMachines {
  hub: Machine;
  other: Machine;
  cutWire: () => Promise<void>;
  mendWire: () => Promise<void>;
  close: () => Promise<void>;
}

const ip = (...args: string[]) => run('ip', args);

/** Answers why there are none where they cannot be made. */
export async function makeTwoMachines(): Promise<TwoMachines | string> {
  const names = ['h', 'o'].map((letter) => `sbx${letter}${process.pid}`);
  const [hubName = '', otherName = ''] = names;
  const close = async (): Promise<void> => {
    for (const name of names) await ip('netns', 'del', name).catch(() => {});
  };
  try {
    for (const name of names) await ip('netns', 'add', name);
    const ends = [hubName, otherName].map((name) => ['name', 'wire', 'netns', name]);
    const [one = [], two = []] = ends;
    await ip('link', 'add', ...one, 'type', 'veth', 'peer', ...two);
    for (const [index, name] of names.entries()) {
      const inside = ['-n', name];
      await ip(...inside, 'addr', 'add', `10.231.0.${index + 1}/24`, 'dev', 'wire');
      await ip(...inside, 'link', 'set', 'wire', 'up');
      await ip(...inside, 'link', 'set', 'lo', 'up');
    }
  } catch (error) {
    await close();
    return `two network namespaces cannot be made here: ${String(error).split('\n')[0]}`;
  }
  const [hub, other] = [
    await machine(hubName, '10.231.0.1'),
    await machine(otherName, '10.231.0.2'),
  ];
  return {
    hub,
    other,
    cutWire: async () => void (await ip('-n', otherName, 'link', 'set', 'wire', 'down')),
    mendWire: async () => void (await ip('-n', otherName, 'link', 'set', 'wire', 'up')),
    async close() {
      await other.close();
      await hub.close();
      await close();
    },
  };
}

async function machine(
  name: string,
  address: string,
): Promise<Machine & { close: () => Promise<void> }> {
  const home = await makeHome();
  const { AGENT_ID: _tester, ...env } = home.env;
  const children: ChildProcess[] = [];
  const first = ['netns', 'exec', name, process.execPath, MAIN];
  const inside = (args: readonly string[]): string[] => [...first, ...args];
  return {
    address,
    home,
    run: (args) => run('ip', inside(args), { env, cwd: home.root }),
    start(args) {
      // `ip` puts the program in its own place, so the child is the program.
      const child = spawn('ip', inside(args), { env, cwd: home.root });
      children.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      }
      return { child, said: () => said };
    },
    async close() {
      for (const child of children.toReversed()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      await home.close();
    },
  };
}

export const bareIn = (home: Home): string => join(home.root, 'project.git');
