/** The port between the sidecar and whatever does the work: any command, or an agent's own CLI. */
import type { ProcessId } from './processes.ts';

export interface Job {
  /** The program and its arguments; no shell reads them. */
  command: readonly string[];
  /** The place of work. */
  folder: string;
  environment: Record<string, string>;
}

/** How it ended. `error` is set where it never ran. */
export interface Exit {
  code: number | null;
  signal: string | null;
  error: unknown;
  /** What it printed on both its outputs: the last part, bounded. */
  log: string;
  durationMs: number;
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
