/** What is raced, against whom, and what is measured. */
import type { Race } from './race.ts';
import { startDurablePostgres, startNats, startRabbit, startRedis } from './servers.ts';

const tasks: Race = {
  name: 'tasks',
  ours: 'tasks/signalbox.ts',
  peers: {
    bullmq: startRedis,
    graphile: startDurablePostgres,
    pgboss: startDurablePostgres,
  },
  count: 5_000,
  samples: 300,
  figures: [
    { key: 'tasksPerS', label: 'tasks/s', digits: 0 },
    { key: 'startP50Ms', label: 'start p50 ms', digits: 2 },
    { key: 'startP99Ms', label: 'start p99 ms', digits: 2 },
  ],
  runs: ({ count, samples }) => [
    ['--mode', 'sat', '--count', String(count)],
    ['--mode', 'lat', '--count', String(samples)],
  ],
  warmUp: ({ finished }) =>
    finished > 0 ? ['--mode', 'sat', '--count', String(finished)] : undefined,
};

const messages: Race = {
  name: 'messages',
  ours: 'messages/signalbox.ts',
  peers: { redis: startRedis, rabbit: startRabbit },
  count: 20_000,
  samples: 300,
  figures: [
    { key: 'messagesPerS', label: 'messages/s', digits: 0 },
    { key: 'deliverP50Ms', label: 'deliver p50 ms', digits: 2 },
    { key: 'deliverP99Ms', label: 'deliver p99 ms', digits: 2 },
  ],
  runs: tasks.runs,
};

const fanout: Race = {
  name: 'fanout',
  ours: 'fanout/signalbox.ts',
  peers: { jetstream: startNats },
  count: 1_000,
  samples: 50,
  figures: [
    { key: 'lastP50Ms', label: 'last socket p50 ms', digits: 1 },
    { key: 'lastP99Ms', label: 'last socket p99 ms', digits: 1 },
  ],
  runs: ({ count, samples, deaf }) => [
    ['--sockets', String(count), '--count', String(samples), '--deaf', String(deaf)],
  ],
};

/** Beside ten thousand locks and a thousand patterns that others hold. */
const locks: Race = {
  name: 'locks',
  ours: 'locks/signalbox.ts',
  peers: { postgres: startDurablePostgres, redis: startRedis },
  count: 5_000,
  samples: 200,
  figures: [
    { key: 'pairsPerS', label: 'pairs/s', digits: 0 },
    { key: 'acquireP99Ms', label: 'acquire p99 ms', digits: 2 },
    { key: 'handoverP50Ms', label: 'hand-over p50 ms', digits: 2 },
    { key: 'handoverP99Ms', label: 'hand-over p99 ms', digits: 2 },
  ],
  runs: ({ count, samples }) => [
    ['--mode', 'pairs', '--count', String(count)],
    ['--mode', 'handover', '--count', String(samples)],
  ],
};

export const races: readonly Race[] = [tasks, messages, fanout, locks];
