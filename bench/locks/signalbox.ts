/**
 * Ours, as shipped: token, validation, events, journal and fsync on; a socket a lane, and beside
 * what is raced ten thousand locks and a thousand patterns held by others.
 */
import { connect } from '../../src/client/index.ts';
import { drive, type Held, type Locker } from './driver.ts';

const LANES = 16;
const REPOSITORY = '/srv/bench.git';
const LEASE_MS = 60 * 60_000;
const SET = 200;

async function make(url: string, held: Held): Promise<Locker> {
  const { origin, hash } = new URL(url);
  const admin = connect({ url: origin, token: hash.slice(1), transport: 'http' });
  const own = `bench-${process.pid}`;
  const clients = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const { secret } = await admin.token.create({ agent: `${own}-${lane}` });
      return connect({ url: origin, token: secret });
    }),
  );
  await fill(admin, held);
  const wakes = clients.map(() => ({ wake: (): void => {} }));
  const { cursor } = await admin.hub.status();
  clients.forEach((client, lane) => {
    const filter = { mine: true, types: ['lock.granted' as const] };
    client.subscribe({ after: cursor, filter, onEvent: () => wakes[lane]?.wake() });
  });
  const holder = { session: own };
  const items = (path: string) => [{ path, repository: REPOSITORY }];
  let stood: Promise<unknown> = Promise.resolve();
  return {
    acquire: (key, lane) =>
      clients[lane]?.lock.acquire({ holder, items: items(key), leaseMs: LEASE_MS }) ?? nobody(),
    release: (key, lane) => clients[lane]?.lock.release({ holder, items: items(key) }) ?? nobody(),
    async await(key, lane) {
      const woken = new Promise<void>((resolve) => {
        const wakeUp = wakes[lane];
        if (wakeUp !== undefined) wakeUp.wake = resolve;
      });
      const input = { holder, items: items(key), wait: true, leaseMs: LEASE_MS };
      const asked = clients[lane]?.lock.acquire(input);
      stood = asked ?? nobody();
      const answer = await asked;
      if (answer?.lock.state !== 'granted') await woken;
    },
    stands: () => stood,
    async stop() {
      for (const client of [admin, ...clients]) client.close();
    },
  };
}

function nobody(): Promise<never> {
  return Promise.reject(new Error('there is no such lane'));
}

/** Once a hub: what is held already is the holder's again. */
async function fill(admin: ReturnType<typeof connect>, { locks, patterns }: Held): Promise<void> {
  const paths = [
    ...Array.from({ length: locks }, (_, n) => `held/${n % 100}/${n}.ts`),
    ...Array.from({ length: patterns }, (_, n) => `wide/${n}/**/*.{ts,tsx}`),
  ];
  const holder = { session: 'held' };
  for (let from = 0; from < paths.length; from += SET) {
    const items = paths.slice(from, from + SET).map((path) => ({ path, repository: REPOSITORY }));
    await admin.lock.acquire({ holder, items, leaseMs: LEASE_MS });
  }
}

await drive(make);
