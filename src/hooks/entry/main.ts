/**
 * What the clients' hooks and those of git start:
 *
 *   node main.js claude pre-tool-use [--agent NAME]
 *   node main.js git pre-commit
 *
 * It is written to the user's data folder by `signalbox hooks install` and stands there alone:
 * nothing but Node's own modules, few and small, because an agent waits for each run.
 */
import { runAgentHook } from './agent-hook.ts';
import { CLIENTS, EVENTS, SILENCE, type Answer } from './dialect.ts';

async function main(argv: readonly string[]): Promise<Answer> {
  const [first, second] = argv;
  const { env, stdin } = process;
  const common = { env, cwd: process.cwd(), parentPid: process.ppid, stdin };
  if (first === 'git') {
    const { runGitHook } = await import('./git-hook.ts');
    return runGitHook({ ...common, name: second ?? '', args: argv.slice(2) });
  }
  const client = CLIENTS.find((name) => name === first);
  const event = EVENTS.find((name) => name === second);
  if (client === undefined || event === undefined) {
    const line = `signalbox: there is no hook ${JSON.stringify(argv.slice(0, 2).join(' '))}.\n`;
    return { ...SILENCE, stderr: `${line}` };
  }
  const at = argv.indexOf('--agent');
  const agent = at === -1 ? undefined : argv[at + 1];
  return runAgentHook({ ...common, client, event, agent });
}

async function end({ stdout, stderr, exitCode }: Answer): Promise<void> {
  process.exitCode = exitCode;
  if (stdout !== '') process.stdout.write(stdout);
  if (stderr !== '') process.stderr.write(stderr);
}

// Whoever started this may not listen any more.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
await end(
  await main(process.argv.slice(2)).catch((error: unknown) => ({
    ...SILENCE,
    stderr: `signalbox: ${String(error)}\n`,
  })),
);
