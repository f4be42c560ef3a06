/**
 * Keeps a program running as a service manager would: whoever kills it, it is started again a
 * moment later, with the same arguments and the same folders. A program that ends by itself has
 * given up, which none of ours may do: that is written down as a fault.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
/** Ending politely includes bringing the work in hand to its repository. */
const STOP_MS = 20_000;

export interface Program {
  name: string;
  /** What stands behind `signalbox` on its command line. */
  args: readonly string[];
  env: Record<string, string>;
  /** How long it is away when it was killed. */
  awayMs: () => number;
  say: (text: string) => void;
  onLine?: (line: string) => void;
}

export class Kept {
  readonly faults: string[] = [];
  readonly #program: Program;
  #child: ChildProcess;
  #again: NodeJS.Timeout | undefined;
  #isWanted = true;
  #wasKilled = false;

  constructor(program: Program) {
    this.#program = program;
    this.#child = this.#start();
  }

  get name(): string {
    return this.#program.name;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(): void {
    this.#wasKilled = true;
    this.#child.kill('SIGKILL');
  }

  /** Ends it for good, politely at first. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#again);
    if (!this.isRunning) return;
    const exit = once(this.#child, 'exit');
    const late = setTimeout(() => {
      this.faults.push(`${this.name} did not end when it was asked to`);
      this.#child.kill('SIGKILL');
    }, STOP_MS);
    this.#child.kill('SIGTERM');
    await exit;
    clearTimeout(late);
  }

  #start(): ChildProcess {
    const { name, args, env, say, onLine } = this.#program;
    this.#wasKilled = false;
    const child = spawn(process.execPath, [MAIN, ...args], {
      env,
      cwd: env['HOME'],
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    say(`${name}: started as ${child.pid}`);
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        say(`${name}: ${line}`);
        onLine?.(line);
      });
    }
    child.once('exit', (code, signal) => this.#ended(child, `${signal ?? code}`));
    return child;
  }

  #ended(child: ChildProcess, how: string): void {
    const { name, awayMs, say } = this.#program;
    say(`${name}: ended (${how})`);
    // Nobody waits for what an orphan of it might still print.
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (!this.#isWanted) return;
    if (!this.#wasKilled) this.faults.push(`${name} ended by itself (${how})`);
    this.#again = setTimeout(() => {
      this.#child = this.#start();
    }, awayMs());
  }
}
