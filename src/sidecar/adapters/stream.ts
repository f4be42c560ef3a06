/** An agent's own CLI: it gets the task as a prompt, and its stream tells how it goes. */
import type { Adapter } from '../adapter.ts';
import type { Cli } from './cli.ts';
import type { AdapterOptions } from './command.ts';
import { createOutput } from './output.ts';
import { startProgram } from './process.ts';

export function streamAdapter(cli: Cli, options: AdapterOptions): Adapter {
  const { clock, marker, onOutput } = options;
  return (job) => {
    const { folder, environment, command: extra, prompt, promptFile } = job;
    const translate = cli.translator();
    const output = createOutput({ name: cli.program, job, translate, onOutput });
    const command = [cli.program, ...cli.args({ extra, promptFile })];
    const input = cli.input === 'prompt' ? prompt : undefined;
    const started = startProgram(
      { command, folder, environment, input },
      { clock, marker: marker(job), onOutput: output.push },
    );
    const exit = started.exit.then((end) => ({
      ...end,
      ...output.end({ nowMs: clock.nowMs(), hasFailed: end.code !== 0 }),
    }));
    const { pid, process, stop } = started;
    return { pid, process, exit, stop };
  };
}
