// Drives one peer with the jobs that bench/locks/driver.ts defines: node locks.mjs PEER --url URL …
import { drive } from '../locks/driver.ts';

const LANES = 16;
const own = `l${process.pid}`;

const peers = {
  // SET NX PX, a compare-and-delete in Lua, and a list that the one who waits is blocked on.
  async redis(url) {
    const { Redis } = await import('ioredis');
    const { hostname: host, port } = new URL(url);
    const lua = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1])
      redis.call('lpush', KEYS[2], '1') redis.call('pexpire', KEYS[2], 1000) return 1 end return 0`;
    const lanes = Array.from({ length: LANES }, () => {
      const lane = new Redis({ host, port: Number(port) });
      lane.defineCommand('giveBack', { numberOfKeys: 2, lua });
      return lane;
    });
    const waiter = new Redis({ host, port: Number(port) });
    const take = (key, lane) => lanes[lane].set(own + key, `o${lane}`, 'PX', 30_000, 'NX');
    return {
      async acquire(key, lane) {
        if ((await take(key, lane)) !== 'OK') throw new Error(`${key} is taken`);
      },
      release: (key, lane) => lanes[lane].giveBack(own + key, `${own}${key}:w`, `o${lane}`),
      async await(key, lane) {
        while ((await take(key, lane)) !== 'OK') await waiter.blpop(`${own}${key}:w`, 5);
      },
      stands: async () => {},
      stop: () => Promise.all([waiter, ...lanes].map((one) => one.quit())),
    };
  },

  // INSERT … ON CONFLICT DO NOTHING on a table of paths, and LISTEN/NOTIFY for the one who waits.
  async postgres(url) {
    const { default: pg } = await import('pg');
    const open = async () => {
      const client = new pg.Client(url);
      await client.connect();
      return client;
    };
    const lanes = await Promise.all(Array.from({ length: LANES }, open));
    await lanes[0].query(`create table if not exists file_locks (file_path text primary key,
      locked_by text not null, locked_at timestamptz default now(),
      expires_at timestamptz not null)`);
    const listener = await open();
    await listener.query('listen locks');
    let wakes = [];
    listener.on('notification', () => {
      for (const wake of wakes.splice(0)) wake();
    });
    const insert = `with gone as
      (delete from file_locks where file_path = $1 and expires_at < now())
      insert into file_locks (file_path, locked_by, expires_at)
      values ($1, $2, now() + interval '30 s') on conflict (file_path) do nothing returning true`;
    const remove = `with d as (delete from file_locks where file_path = $1 and locked_by = $2
      returning 1) select pg_notify('locks', $1) from d`;
    const plain = 'delete from file_locks where file_path = $1 and locked_by = $2';
    const ask = (lane, name, text, key) =>
      lanes[lane].query({ name, text, values: [own + key, `o${lane}`] });
    const take = async (key, lane) => (await ask(lane, 'take', insert, key)).rowCount === 1;
    return {
      async acquire(key, lane) {
        if (!(await take(key, lane))) throw new Error(`${key} is taken`);
      },
      release: (key, lane) =>
        key.startsWith('turns/') ? ask(lane, 'tell', remove, key) : ask(lane, 'drop', plain, key),
      async await(key, lane) {
        for (;;) {
          const woken = new Promise((resolve) => wakes.push(resolve));
          if (await take(key, lane)) return;
          await woken;
        }
      },
      stands: async () => {},
      stop: () => Promise.all([listener, ...lanes].map((one) => one.end())),
    };
  },
};

const [name = '', ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...rest);
await drive(peers[name]);
