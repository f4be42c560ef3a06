/**
 * MCP over stdio, for the agent that starts it: a client of the hub like any other. Where no hub is
 * known one of this user is started. What is printed on stdout is MCP and nothing else.
 */
import { serveOverStdio } from '../../mcp/stdio.ts';
import { agentLine } from '../agent/line.ts';
import type { Context } from '../context.ts';
import { packageVersion } from '../version.ts';

export async function mcp(context: Context): Promise<void> {
  const { output } = context;
  const line = agentLine(context);
  const served = serveOverStdio(
    { ask: line.ask, caller: line.caller, version: packageVersion() },
    {
      input: process.stdin,
      output: process.stdout,
      onClient: line.hear,
      onTrouble: ({ message }) => output.note(message.slice(0, 500), 'note'),
    },
  );
  const interruption = context.interruption();
  interruption.addEventListener('abort', () => void served.close(), { once: true });
  await served.ended;
  await line.close();
}
