/**
 * Ours, as shipped: token, validation, events, idempotency key and journal on; every answer after
 * fsync. Sixteen agents on sockets of their own: an offer is on disk, is its agent's alone and
 * brings the task along, so each begins, says so, and completes it when that was answered.
 */
import { connect } from '../../src/client/index.ts';
import { type Contender, drive, type Hooks, nowMs } from './driver.ts';

async function make(url: string, hooks: Hooks): Promise<Contender> {
  const address = new URL(url);
  const admin = connect({ url: address.origin, token: address.hash.slice(1), transport: 'http' });
  const made = async (agent: string) => {
    const { secret } = await admin.token.create({ agent });
    return connect({ url: address.origin, token: secret });
  };
  const run = `r${process.pid}`;
  const lanes = Array.from({ length: 16 }, (_, index) => index);
  const submitters = await Promise.all(lanes.map((index) => made(`${run}-submitter-${index}`)));
  const agents = await Promise.all(lanes.map((index) => made(`${run}-agent-${index}`)));
  for (const agent of agents) {
    const { cursor, sessionId, beatMs } = await agent.agent.connect({ capabilities: [run] });
    setInterval(() => void agent.agent.heartbeat({ sessionId }), beatMs).unref();
    const work = async (taskId: string, fence: number, title: string): Promise<void> => {
      const started = agent.task.start({ taskId, fence });
      hooks.started(Number(title));
      await started;
      await agent.task.complete({ taskId, fence });
      hooks.completed();
    };
    agent.subscribe({
      after: cursor,
      filter: { mine: true, types: ['task.offered'] },
      onEvent: ({ subject, data: { fence = 0, assignment } }) =>
        void work(subject, fence, assignment?.task.title ?? ''),
    });
  }
  return {
    async submit(lane) {
      const input = { title: String(nowMs()), body: hooks.payload, needs: [run] };
      await submitters[lane]?.task.submit(input);
    },
    async stop() {
      for (const client of [admin, ...submitters, ...agents]) client.close();
    },
  };
}

await drive(make);
