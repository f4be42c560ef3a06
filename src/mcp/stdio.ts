/** MCP over stdin and stdout: one client, for as long as it keeps them open. */
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { limits } from '../contract/index.ts';
import { mcpServer, type Served } from './server.ts';

export interface StdioSession {
  /** Settled when the client has closed its end. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

export function serveOverStdio(served: Served, onTrouble: (error: Error) => void): StdioSession {
  const transport = new StdioServerTransport(process.stdin, process.stdout, {
    maxBufferSize: limits.requestBytesMax,
  });
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  const handle = serveStdio(() => mcpServer(served), { transport, onerror: onTrouble });
  return { ended, close: () => handle.close() };
}
