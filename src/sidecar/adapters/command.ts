/** Any command: its exit code says how it went, and what it prints is its log. */
import { limits } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import type { Adapter, Job } from '../adapter.ts';
import { createTail } from '../../process/tail.ts';
import { startProgram } from './process.ts';

export interface AdapterOptions {
  clock: Clock;
  /** An entry in the environment of this job's processes and of no others. */
  marker: (job: Pick<Job, 'environment'>) => string;
  /** Hears what is printed, at once and whole. */
  onOutput?: ((chunk: Uint8Array) => void) | undefined;
}

export function commandAdapter({ clock, marker, onOutput }: AdapterOptions): Adapter {
  return (job) => {
    const tail = createTail(limits.outputCharsMax);
    const started = startProgram(job, {
      clock,
      marker: marker(job),
      onOutput(chunk) {
        tail.push(chunk);
        onOutput?.(chunk);
        job.onProgress?.({ note: null, use: null });
      },
    });
    const { pid, process, stop } = started;
    const exit = started.exit.then((end) => ({ ...end, log: tail.text(), told: null }));
    return { pid, process, exit, stop };
  };
}
