/** MCP over standard input and output, in both revisions: the first frame says which. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { LineTransport, type Wires } from './line-transport.ts';
import { mcpServer, type Served } from './server.ts';

export interface StdioSession {
  /** Settled when the client has closed its end, and what it asked is answered. */
  ended: Promise<void>;
  close: () => Promise<void>;
}

interface Options extends Wires {
  onTrouble: (error: Error) => void;
}

export function serveOverStdio(served: Served, { onTrouble, ...wires }: Options): StdioSession {
  const transport = new LineTransport(wires);
  const handle = serveStdio(() => mcpServer(served), { transport, onerror: onTrouble });
  const { onclose } = transport;
  const ended = new Promise<void>((resolve) => {
    transport.onclose = () => {
      onclose?.();
      resolve();
    };
  });
  return { ended, close: () => handle.close() };
}
