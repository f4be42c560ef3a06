/**
 * What agents that wait cost the hub: its processor time over a minute with nobody, and with a
 * hundred that are connected, follow their events and beat.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connect } from '../../src/client/index.ts';
import { type Hub, startHub } from '../servers.ts';

const SETTLE_MS = 5_000;
const SPAN_MS = 60_000;
const PROMISED_PERCENT = 2;

export async function idle({ count }: { count: number }): Promise<void> {
  const hub = await startHub();
  const agents: Client[] = [];
  try {
    const { origin, hash } = new URL(hub.url);
    const admin = connect({ url: origin, token: hash.slice(1), transport: 'http' });
    await sleep(SETTLE_MS);
    const alone = await percentOfCore(hub, SPAN_MS / 2);
    console.log(`nobody: ${alone.toFixed(2)} % of a core`);
    for (let index = 0; index < count; index++) {
      const { secret } = await admin.token.create({ agent: `idle-${index}` });
      agents.push(await wait(connect({ url: origin, token: secret })));
    }
    await sleep(SETTLE_MS);
    const percent = await percentOfCore(hub, SPAN_MS);
    const { items } = await admin.agent.list({ limit: 1 });
    if (items[0]?.state !== 'idle') throw new Error('the agents are not here any more');
    const isKept = percent < PROMISED_PERCENT;
    const promise = `< ${PROMISED_PERCENT} %: ${isKept ? 'kept' : 'BROKEN'}`;
    console.log(`${count} idle agents: ${percent.toFixed(2)} % of a core   ${promise}`);
    if (!isKept) process.exitCode = 1;
    admin.close();
  } finally {
    for (const agent of agents) agent.close();
    await hub.stop();
  }
}

async function wait(agent: Client): Promise<Client> {
  const { cursor, sessionId, beatMs } = await agent.agent.connect({});
  agent.subscribe({ after: cursor, filter: { mine: true }, onEvent: () => {} });
  setInterval(() => void agent.agent.heartbeat({ sessionId }).catch(() => {}), beatMs).unref();
  return agent;
}

async function percentOfCore(hub: Hub, spanMs: number): Promise<number> {
  const [before, beganMs] = [hub.processorMs(), performance.now()];
  await sleep(spanMs);
  return ((hub.processorMs() - before) / (performance.now() - beganMs)) * 100;
}
