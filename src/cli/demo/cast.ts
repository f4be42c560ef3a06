/**
 * The processes of the demo: a hub and its agents, as a user would start them. Each is known by its
 * process id and ended by that alone. Whatever way this process ends, they end with it, unless
 * one was let go.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Env } from '../place/places.ts';
import { shellWord } from './shell-word.ts';

/** Longer than a sidecar gives its command, and a hub its verifier. */
const GRACE_MS = 8_000;
const MAIN = join(import.meta.dirname, `../main${extname(import.meta.filename)}`);

export interface Player {
  name: string;
  pid: number;
  /** What it says and complains of; the lines that a hub prints once hold a secret and are left. */
  log: string;
  /** How it ended, in words. */
  ended: Promise<string>;
}

export interface CastOptions {
  clock: Clock;
  /** Of the children. */
  env: Env;
  folder: string;
}

interface Own {
  /** What it prints is for nobody. */
  isQuiet?: boolean;
  /** Beside what all of them have. */
  env?: Env;
}

export class Cast {
  readonly #options: CastOptions;
  readonly #children = new Map<Player, ChildProcess>();
  readonly #killAll = (): void => {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  };

  constructor(options: CastOptions) {
    this.#options = options;
    process.on('exit', this.#killAll);
  }

  /** Runs `signalbox ARGS`. It is not in the terminal's group, so Ctrl-C reaches us alone. */
  async start(name: string, args: readonly string[], own: Own = {}): Promise<Player> {
    const { env, folder } = this.#options;
    const log = join(folder, `${name}.log`);
    const file = await open(log, 'a', 0o600);
    try {
      const stdout = own.isQuiet === true ? 'ignore' : file.fd;
      const stdio: StdioOptions = ['ignore', stdout, file.fd];
      const options = { cwd: folder, env: { ...env, ...own.env }, detached: true, stdio };
      const child = spawn(process.execPath, [MAIN, ...args], options);
      const ended = endOf(child);
      if (child.pid === undefined) throw new Error(`${name} did not start: ${await ended}`);
      const player = { name, pid: child.pid, log, ended };
      this.#children.set(player, child);
      void ended.then(() => this.#children.delete(player));
      return player;
    } finally {
      await file.close();
    }
  }

  /** The command line as the children see it: a script that leads to their hub, not the user's. */
  async writeProgram(): Promise<string> {
    const { env, folder } = this.#options;
    const names = Object.keys(env).filter((name) => name.startsWith('XDG_'));
    const places = names.map((name) => `export ${name}=${shellWord(env[name] ?? '')}`);
    const run = `exec ${shellWord(process.execPath)} ${shellWord(MAIN)} "$@"`;
    const clean = 'unset SIGNALBOX_URL SIGNALBOX_TOKEN';
    const program = join(folder, 'signalbox');
    const lines = ['#!/bin/sh', '# The command line for the hub in this folder.', clean];
    await writeFile(program, [...lines, ...places, run, ''].join('\n'), { mode: 0o700 });
    return program;
  }

  /** Resolves with words as soon as one of them ends by itself. */
  async someoneEnds(): Promise<string> {
    const ends = [...this.#children.keys()].map(async ({ name, ended }) => {
      return `${name} ended by itself (${await ended})`;
    });
    return Promise.race(ends);
  }

  /** Asks it to end, and ends it where it does not. */
  async stop(player: Player): Promise<void> {
    const child = this.#children.get(player);
    if (child === undefined) return;
    const cancel = this.#options.clock.after(GRACE_MS, () => child.kill('SIGKILL'));
    child.kill('SIGTERM');
    await player.ended;
    cancel();
  }

  /** It goes on when this process has ended. */
  release(player: Player): void {
    this.#children.get(player)?.unref();
    this.#children.delete(player);
  }

  /** The last that came goes first: no agent shall miss its hub. */
  async close(): Promise<void> {
    for (const player of [...this.#children.keys()].toReversed()) await this.stop(player);
    process.off('exit', this.#killAll);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
