/** One client for each agent that the bridge acts for, made when it is first needed. */
import { nameKey } from '../contract/index.ts';
import type { Client } from '../client/index.ts';
import type { Say } from './progress.ts';

export interface Clients {
  of: (agent: string) => Promise<Client>;
  close: () => void;
}

export function createClients(connect: (agent: string) => Promise<Client>, say: Say): Clients {
  const made = new Map<string, Promise<Client>>();
  const away = new Set<Client>();
  const open = async (agent: string): Promise<Client> => {
    const client = await connect(agent);
    client.onState((state, error) => {
      const wasAway = away.size > 0;
      if (state === 'disconnected') away.add(client);
      else away.delete(client);
      if (!wasAway && away.size > 0) {
        say({ kind: 'hub_away', message: error?.message ?? 'The hub is gone.' });
      }
      if (wasAway && away.size === 0 && state === 'connected') say({ kind: 'hub_back' });
    });
    return client;
  };
  return {
    of(agent) {
      const key = nameKey(agent);
      const client = made.get(key) ?? open(agent);
      made.set(key, client);
      client.catch(() => made.delete(key));
      return client;
    },
    close() {
      for (const client of made.values()) {
        void client.then(
          (one) => one.close(),
          () => {},
        );
      }
    },
  };
}
