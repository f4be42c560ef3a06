/** Opens the doors of a hub on one address. */
import type { IncomingMessage } from 'node:http';
import type { Connect, Download, Invoke, Subscribe, Upload } from '../contract/index.ts';
import { SignalboxError } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { callerOf, isLoopback, refusalOfCaller } from './guard.ts';
import { httpDoor } from './http.ts';
import { refuseRaw } from './raw-refusal.ts';
import { socketServer } from './socket.ts';

/** What the doors need of a hub. */
export interface Served {
  invoke: Invoke;
  upload: Upload;
  download: Download;
  connect: Connect;
  subscribe: Subscribe;
  check: () => Promise<void>;
  auth: 'token' | 'none';
}

export interface ServeOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  version: string;
  clock: Clock;
}

export interface Server {
  url: string;
  close: () => Promise<void>;
}

export const SOCKET_PATH = '/v1/socket';

export async function serve(hub: Served, options: ServeOptions): Promise<Server> {
  const { host, port, version, clock } = options;
  refuseOpenHub(hub, host);
  const app = httpDoor({ ...hub, version, clock });
  const sockets = socketServer({ connect: hub.connect, clock });
  app.server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(hub, request);
    if (refusal !== undefined) return refuseRaw(socket, refusal);
    return sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit('connection', opened, request);
    });
  });
  const url = await app.listen({ host, port });
  return {
    url,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      await app.close();
    },
  };
}

/** A hub that believes everybody must not be reachable by everybody. */
function refuseOpenHub({ auth }: Served, host: string): void {
  if (auth === 'token' || isLoopback(host)) return;
  throw new SignalboxError('invalid_input', `--auth none is for loopback only, not for ${host}`, {
    hint: 'Leave --auth out, or listen on 127.0.0.1.',
  });
}

function refusalOf({ auth }: Served, request: IncomingMessage): SignalboxError | undefined {
  const { url = '', headers } = request;
  if (url.split('?')[0] !== SOCKET_PATH) {
    const path = JSON.stringify(url.slice(0, 200));
    return new SignalboxError('unknown_operation', `there is no WebSocket at ${path}`, {
      hint: `The socket of a hub is at ${SOCKET_PATH}.`,
    });
  }
  if (auth === 'token') return undefined;
  return refusalOfCaller(callerOf(headers));
}
