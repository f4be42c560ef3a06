/** For tests: a hub behind its doors on loopback, asked as plain clients ask. */
import { onTestFinished } from 'vitest';
import { openTestHub, type TestHub } from '../../test/support/hub.ts';
import { serve, type Served } from './serve.ts';

export interface Door {
  hub: TestHub;
  url: string;
  ask: (method: string, path: string, more?: Asked) => Promise<Answer>;
}

export interface Asked {
  json?: unknown;
  body?: BodyInit;
  token?: string | undefined;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** `around` may listen in on what the doors ask of the hub. */
export async function openDoors(
  auth: 'token' | 'none' = 'none',
  around: (hub: Served) => Served = (hub) => hub,
): Promise<Door> {
  const hub = await openTestHub('sqlite memory', { auth });
  const address = { host: '127.0.0.1', port: 0, version: '0.0.0', clock: hub.clock };
  const server = await serve(around(hub.hub), address);
  onTestFinished(() => server.close());
  return {
    hub,
    url: server.url,
    async ask(method, path, { json, body, token, headers } = {}) {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { 'x-api-key': token }),
          ...headers,
        },
        ...(json === undefined ? { ...(body && { body }) } : { body: JSON.stringify(json) }),
      });
      return { status: response.status, body: await response.json() };
    },
  };
}
