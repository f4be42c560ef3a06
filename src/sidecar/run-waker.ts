/**
 * Stands for an agent that runs elsewhere, such as one behind OpenClaw or on a machine that sleeps:
 * takes its offers, wakes it, and says that it is here while it works. Ends as `runSidecar` does.
 */
import { createClient, socketTransport } from '../client/index.ts';
import { SignalboxError } from '../contract/index.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import type { SidecarOptions, SidecarPorts } from './index.ts';
import { findProgram } from './program.ts';
import { openState } from './state.ts';
import { createWake, type Trigger } from './wake.ts';
import { inHand, Waker } from './waker.ts';

export interface WakerOptions extends Pick<
  SidecarOptions,
  'name' | 'url' | 'token' | 'capabilities' | 'dataDir'
> {
  trigger: Trigger;
  /** Connects, beats once and ends: no work is taken, and nobody is woken. */
  isTrial?: boolean | undefined;
}

const AGAIN_MS = 1_000;

export type WakerRunPorts = Omit<SidecarPorts, 'onOutput'>;

export async function runWaker(options: WakerOptions, ports: WakerRunPorts): Promise<void> {
  const { name: agent, url, token, capabilities, dataDir } = options;
  const { say, clock = systemClock(), random = systemRandom() } = ports;
  const wake = createWake(await ready(options.trigger), clock);
  const state = await openState({ dataDir, agent, url, say });
  const credential = token === undefined ? { url, agent } : { url, token };
  const client = createClient(ports.transport?.() ?? socketTransport(credential));
  try {
    const common = { client, clock, random, say, agent, url, capabilities, wake };
    const { sessionId, saveSessionId } = state;
    const isTrial = options.isTrial === true;
    const look = { clock, signal: ports.stop };
    const held = isTrial ? null : await patiently(() => inHand(client, agent), look);
    const onProved = isTrial ? (): void => waker.drain() : undefined;
    const waker: Waker = new Waker({ ...common, sessionId, saveSessionId, onProved }, held);
    for (const [signal, call] of [
      [ports.drain, () => waker.drain()],
      [ports.stop, () => waker.stop()],
    ] as const) {
      if (signal?.aborted === true) call();
      signal?.addEventListener('abort', call, { once: true });
    }
    await waker.run();
  } finally {
    client.close();
    await state.release();
  }
}

/** A hub that is away at the start may know of a task that its agent still works on. */
async function patiently<Value>(
  call: () => Promise<Value>,
  { clock, signal }: { clock: Clock; signal: AbortSignal | undefined },
): Promise<Value> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isAway = error instanceof SignalboxError && error.code === 'unavailable';
      if (!isAway || signal?.aborted === true) throw error;
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}

async function ready(trigger: Trigger): Promise<Trigger> {
  if (trigger.kind === 'url') return trigger;
  return { ...trigger, command: await findProgram(trigger.command, trigger.env['PATH']) };
}
