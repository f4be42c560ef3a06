/** A hub as a user starts it: a process of its own, in a home of its own. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Home, Running } from '../../src/cli/fixture.ts';
import { type Client, connect } from '../../src/client/index.ts';

export interface HubProcess {
  url: string;
  hub: Running;
  admin: Client;
  /** A client with a token of its own, over plain HTTP unless told. */
  as: (agent: string, transport?: Transport) => Promise<Client>;
  /** `kill -9`, and another hub on the same data at the same address. */
  killAndRestart: () => Promise<void>;
  close: () => void;
}

type Transport = 'http' | 'socket';

interface HubOptions {
  /** Below the home, unless it is a path of its own. */
  data?: string;
  more?: readonly string[];
  env?: Record<string, string>;
  /** How the admin speaks to it. */
  transport?: Transport;
}

const Said = z.object({ url: z.string() });

export async function startHub(home: Home, options: HubOptions = {}): Promise<HubProcess> {
  const { data = 'hub', more = [], env = {} } = options;
  const start = async (port: string): Promise<Running> => {
    const args = ['start', '--json', '--port', port, '--data', data, ...more];
    const started = home.start(args, { env });
    await started.until('"url"');
    return started;
  };
  let hub = await start('0');
  const [line = ''] = hub.stdout().split('\n');
  const { url } = Said.parse(JSON.parse(line));
  const token = (await readFile(resolve(home.root, data, 'admin.token'), 'utf8')).trim();
  const admin = connect({ url, token, transport: options.transport ?? 'http' });
  const clients = [admin];
  return {
    url,
    get hub() {
      return hub;
    },
    admin,
    async as(agent, transport = 'http') {
      const { secret } = await admin.token.create({ agent });
      const client = connect({ url, token: secret, transport });
      clients.push(client);
      return client;
    },
    async killAndRestart() {
      hub.child.kill('SIGKILL');
      await hub.ended;
      hub = await start(new URL(url).port);
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}
