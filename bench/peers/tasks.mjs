// Drives one peer with the job that bench/tasks/driver.ts defines: node tasks.mjs PEER --url URL …
import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from '../tasks/driver.ts';

const queue = `bench${process.pid}`;

const peers = {
  // One Worker object a worker, concurrency 1, finished jobs removed: what its documentation shows.
  async bullmq(url, { workers, payload, started, completed }) {
    const { Queue, Worker } = await import('bullmq');
    const { hostname: host, port } = new URL(url);
    const connection = { host, port: Number(port), maxRetriesPerRequest: null };
    const jobs = new Queue(queue, { connection, defaultJobOptions: { removeOnComplete: true } });
    await jobs.waitUntilReady();
    const handler = async ({ data }) => started(data.sentMs);
    const pool = Array.from(
      { length: workers },
      () => new Worker(queue, handler, { connection, concurrency: 1 }),
    );
    for (const worker of pool) worker.on('completed', completed).on('error', console.error);
    await Promise.all(pool.map((worker) => worker.waitUntilReady()));
    return {
      submit: () => jobs.add('task', { sentMs: nowMs(), payload }),
      stop: () => Promise.all(pool.map((worker) => worker.close(true))),
    };
  },

  // One runner with LISTEN/NOTIFY and the default preset.
  async graphile(url, { workers, payload, started, completed }) {
    const { run, makeWorkerUtils, Logger } = await import('graphile-worker');
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ connectionString: url, max: workers * 2 + 4 });
    pool.on('error', () => {});
    const logger = new Logger(() => () => {});
    const utils = await makeWorkerUtils({ pgPool: pool, logger });
    await utils.migrate();
    const taskList = { [queue]: async ({ sentMs }) => started(sentMs) };
    const options = { pgPool: pool, concurrency: workers, noHandleSignals: true, logger, taskList };
    const runner = await run(options);
    runner.events.on('job:complete', completed);
    return {
      submit: () => utils.addJob(queue, { sentMs: nowMs(), payload }),
      async settle() {
        const left = `select count(*)::int as count from graphile_worker._private_jobs j
          join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = $1`;
        while ((await pool.query(left, [queue])).rows[0].count > 0) await sleep(5);
      },
      stop: () => runner.stop(),
    };
  },

  // Its own polling loop would show the poll and not the store, so each worker fetches by itself.
  async pgboss(url, { workers, payload, started, completed }) {
    const module = await import('pg-boss');
    const Boss = module.PgBoss ?? module.default;
    const boss = new Boss({ connectionString: url, max: 20, supervise: false, schedule: false });
    boss.on('error', console.error);
    await boss.start();
    await boss.createQueue(queue);
    let isOpen = true;
    const work = async () => {
      while (isOpen) {
        const [job] = (await boss.fetch(queue)) ?? [];
        if (job === undefined) {
          await sleep(5);
          continue;
        }
        started(job.data.sentMs);
        await boss.complete(queue, job.id);
        completed();
      }
    };
    const lanes = Array.from({ length: workers }, work);
    return {
      submit: () => boss.send(queue, { sentMs: nowMs(), payload }),
      async stop() {
        isOpen = false;
        await Promise.all(lanes);
      },
    };
  },
};

const nowMs = () => performance.timeOrigin + performance.now();
const [name = '', ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...rest);
await drive(peers[name]);
