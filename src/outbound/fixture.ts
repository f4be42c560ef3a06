/** For tests: a receiver of notices on this machine, which answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Reply = (received: Received, response: ServerResponse) => void;

export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  /** Changes what is answered from now on. */
  reply: (how: Reply) => void;
}

export const ok: Reply = (_received, response) => void response.end('thank you');

export const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  (_received, response) =>
    void response.writeHead(code, headers).end(`this is ${code}`);

/** On loopback; closed with all its connections at the end of the test. */
export async function openReceiver(first: Reply = ok): Promise<Receiver> {
  const received: Received[] = [];
  let how = first;
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    void text(request).then((body) => {
      const one = { method, path, headers, body };
      received.push(one);
      how(one, response);
    });
  });
  const port = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}/hook`, port, received, reply: (next) => (how = next) };
}

/** The free port that a server was given. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return z.object({ port: z.number() }).parse(server.address()).port;
}
