/** For tests: a folder of inboxes, and bridges that serve it beside a small hub. */
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { Client } from '../client/client.ts';
import { ScriptedHub } from './fixture-hub.ts';
import { runBridge, type BridgeEvent, type BridgeOptions } from './index.ts';

export const QUICK = {
  name: 'bridge',
  intervalMs: 20,
  settleMs: 60,
  recheckMs: 400,
  beatMs: 40,
  staleMs: 300,
};
export const T = '20251204-183000';
export const WAIT = { timeout: 20_000, interval: 10 };

/** For what must not happen: waits until it would have. */
export async function past(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  await vi.waitUntil(() => performance.now() > untilMs, { timeout: 2 * ms + 1_000, interval: 5 });
}

export interface Running {
  events: BridgeEvent[];
  stop: () => Promise<void>;
  ended: Promise<void>;
}

export interface Wires {
  client: (agent: string) => Client | Promise<Client>;
}

/** A folder of inboxes, and bridges that serve it. */
export class Desk {
  readonly dir: string;
  readonly hub = new ScriptedHub();
  readonly #running: Running[] = [];

  constructor(dir: string) {
    this.dir = dir;
  }

  static async open(): Promise<Desk> {
    return new Desk(await mkdtemp(join(tmpdir(), 'signalbox-bridge-')));
  }

  start(options: Partial<BridgeOptions> = {}, hub: Wires = this.hub): Running {
    const stopping = new AbortController();
    const events: BridgeEvent[] = [];
    const ended = runBridge(
      { dir: this.dir, hubAgents: [], ...QUICK, ...options },
      {
        connect: async (agent) => hub.client(agent),
        say: (event) => events.push(event),
        stop: stopping.signal,
      },
    );
    ended.catch(() => {});
    const stop = async (): Promise<void> => {
      stopping.abort();
      await ended;
    };
    const running = { events, stop, ended };
    this.#running.push(running);
    return running;
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /** As a careful agent does it: whole, under a hidden name first. */
  async drop(folder: string, name: string, text = 'Hello\n'): Promise<void> {
    await mkdir(this.path(folder), { recursive: true });
    await writeFile(this.path(folder, `.${name}`), text);
    await rename(this.path(folder, `.${name}`), this.path(folder, name));
  }

  /** The Markdown files of a folder. */
  async files(...names: string[]): Promise<string[]> {
    const found = await readdir(this.path(...names)).catch(() => []);
    return found.filter((name) => name.endsWith('.md') && !name.startsWith('.')).sort();
  }

  async read(...names: string[]): Promise<string> {
    return readFile(this.path(...names), 'utf8');
  }

  async isThere(...names: string[]): Promise<boolean> {
    return lstat(this.path(...names)).then(
      () => true,
      () => false,
    );
  }

  /** Waits until the folder holds exactly these. */
  async until(folder: readonly string[], files: readonly string[]): Promise<void> {
    await vi.waitFor(async () => expect(await this.files(...folder)).toEqual(files), WAIT);
  }

  /** What a reader does with a file that it is done with. */
  async process(folder: string, name: string, to = '.processed'): Promise<void> {
    await rename(this.path(folder, name), this.path(folder, to, name));
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map(({ stop }) => stop().catch(() => {})));
    this.hub.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
