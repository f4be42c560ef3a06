#!/usr/bin/env node
/**
 * `signalbox`, the command line. A usage error is worded here; whatever a command does, and what it
 * needs for that, is loaded only when it is run, so that `--help` answers at once.
 */
import { createOutput, type Output } from './terminal/output.ts';
import { packageVersion } from './version.ts';
import { keepYoungMemorySmall } from './young-memory.ts';

const USAGE_EXIT = 64;
const UNAVAILABLE_EXIT = 69;
const OUTPUT_EXIT = 74;
const NODE_MIN = 24;

async function main(argv: readonly string[]): Promise<number> {
  keepYoungMemorySmall();
  const output = createOutput(process, process.env, asksForJson(argv));
  if (Number.parseInt(process.versions.node, 10) < NODE_MIN) return tooOld(output);
  const { CommanderError, createProgram, usageHint } = await import('./program.ts');
  let exitCode = 0;
  const program = createProgram({
    version: packageVersion(),
    async chosen(entry, args, values) {
      const [{ run }, command] = await Promise.all([import('./run.ts'), entry.load()]);
      const { env } = process;
      exitCode = await run(command, { args, values, output, env, cwd: process.cwd() });
    },
  });
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return misused(error, output, usageHint(program, argv));
    throw error;
  }
}

function tooOld(output: Output): number {
  output.note(`Signalbox needs Node.js ${NODE_MIN}; this is ${process.versions.node}.`, 'error');
  output.note(`Install a newer one; bin/signalbox of a checkout brings its own.`, 'hint');
  return UNAVAILABLE_EXIT;
}

/** Before the command line is understood: an error in it is told as JSON too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}

/** Commander says what was wrong, and in brackets what may have been meant. */
function misused(
  { code, exitCode, message }: { code: string; exitCode: number; message: string },
  output: Output,
  otherwise: string,
): number {
  if (exitCode === 0) return 0;
  if (code === 'commander.help') return USAGE_EXIT;
  const [first = '', guess] = message.replace(/^error: /, '').split('\n');
  const hint = guess?.replace(/^\(|\)$/g, '') ?? otherwise;
  if (output.isJson) {
    output.note(JSON.stringify({ code: 'invalid_input', message: first, hint }));
  } else {
    output.note(first, 'error');
    output.note(hint, 'hint');
  }
  return USAGE_EXIT;
}

// Whoever reads our output may have had enough, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  if (error.code === 'EIO') return;
  process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
  process.exit(OUTPUT_EXIT);
});
// The terminal may be gone (EIO); what is to be brought to its end still is.
process.stderr.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));
