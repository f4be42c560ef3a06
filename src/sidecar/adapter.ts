/** The port between the sidecar and whatever does the work: any command, or an agent's own CLI. */
import type { Use } from '../contract/index.ts';
import type { ProcessId } from '../process/identity.ts';

export interface Job {
  /** What the person gave: a program with its arguments, or more arguments for a CLI. */
  command: readonly string[];
  /** The place of work. */
  folder: string;
  environment: Record<string, string>;
  /** The task in words, for a model. */
  prompt: string;
  /** The same as a file, outside the place of work. */
  promptFile: string;
  /** Hears each time that it does something else or has used more. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Hears what of its output could not be read, each kind once. */
  onTrouble?: ((message: string) => void) | undefined;
}

export interface Progress {
  /** What it is doing, in one line. */
  note: string | null;
  /** Totals since it began. */
  use: Use | null;
}

/** What a CLI says of its own run; null for a command, which says it with its exit code. */
export interface Told {
  use: Use | null;
  /** It says that it came to an end well. */
  hasAnswer: boolean;
  /** Its last words, where they are told apart. */
  result: string | null;
  /** It says itself that it failed, whatever its exit code. */
  failure: string | null;
  /** Its account may not be used for now; null until when where that is not known. */
  limit: { untilMs: number | null } | null;
}

/** How its process ended. `error` is set where it never ran. */
export interface ProcessExit {
  code: number | null;
  signal: string | null;
  error: unknown;
  durationMs: number;
}

export interface Exit extends ProcessExit {
  /** What it printed on both its outputs: the last part, bounded, as a person reads it. */
  log: string;
  told: Told | null;
}

export interface Running {
  /** Null where it never ran. */
  pid: number | null;
  /** The same, told apart from whoever gets the number next. */
  process: ProcessId | null;
  /** Never rejects. When it resolves, nothing that was started writes any more. */
  exit: Promise<Exit>;
  /** Asks it to end, and after a grace time makes it. Asking twice changes nothing. */
  stop: () => void;
}

export type Adapter = (job: Job) => Running;
