/**
 * Says that an agent is here for as long as its process lives, without taking work that it did not
 * ask for; and keeps the locks of its session, which the agent may hold for hours without a word.
 */
import type { Client } from '../../client/index.ts';
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';

/** What an agent holds is free soon after it is gone without a word, and not while it is here. */
export const LOCK_LEASE_MS = 2 * 60_000;
const RENEW_MS = LOCK_LEASE_MS / 4;
const FAREWELL_MS = 2_000;
/** A hub that is slow to answer holds nobody up for longer. */
const BEGIN_MS = 5_000;

export interface PresenceParts {
  client: Client;
  clock: Clock;
  /** Whose locks are kept. */
  session: string;
  capabilities: string[];
  /** The tasks that the agent has in hand. */
  holding: () => string[];
  note: (text: string) => void;
}

export interface Presence {
  /** It has been tried once: who asks now finds the agent here. */
  begun: Promise<void>;
  /** Says no more; what is held and who is here then ends with its lease. */
  stop: () => void;
  /** Gives back the locks of the session, and leaves. */
  end: () => Promise<void>;
}

export function bePresent(parts: PresenceParts): Presence {
  const stop = new AbortController();
  const state: State = { sessionId: undefined, hasTwin: false };
  const begun = once(parts, state, stop.signal);
  const beating = begun.then(() => beat(parts, state, stop.signal));
  return {
    begun,
    stop: () => stop.abort(),
    async end() {
      stop.abort();
      await beating;
      await leave(parts, state);
    },
  };
}

interface State {
  sessionId: string | undefined;
  /** Another process has the name: it beats, and we do not. */
  hasTwin: boolean;
}

async function beat(parts: PresenceParts, state: State, stop: AbortSignal): Promise<void> {
  const { client, clock, session } = parts;
  let renewAtMs = clock.nowMs() + RENEW_MS;
  while (!stop.aborted) {
    await clock.sleep(limits.agentBeatMs, stop);
    if (stop.aborted) return;
    await once(parts, state, stop);
    if (clock.nowMs() >= renewAtMs) {
      renewAtMs = clock.nowMs() + RENEW_MS;
      await client.lock
        .renew({ session, leaseMs: LOCK_LEASE_MS }, { signal: stop })
        .catch(() => {});
    }
    await clock.sleep(limits.agentBeatMs, stop);
  }
}

/** A hub that is away is no trouble: the next beat finds it, or the one after. */
async function once(parts: PresenceParts, state: State, signal: AbortSignal): Promise<void> {
  const { client, capabilities, holding, note } = parts;
  try {
    if (state.sessionId !== undefined) {
      await client.agent.heartbeat({ sessionId: state.sessionId }, { signal });
      return;
    }
    const here = { capabilities, takesOffers: false, holding: holding() };
    state.sessionId = (await client.agent.connect(here, { signal, timeoutMs: BEGIN_MS })).sessionId;
    state.hasTwin = false;
  } catch (error) {
    if (!(error instanceof SignalboxError) || error.code !== 'conflict') return;
    if (state.sessionId === undefined && !state.hasTwin) {
      state.hasTwin = true;
      note(`${error.message}; this one works on without a presence of its own.`);
    }
    state.sessionId = undefined;
  }
}

async function leave({ client, session }: PresenceParts, { sessionId }: State): Promise<void> {
  const soon = { timeoutMs: FAREWELL_MS };
  await Promise.allSettled([
    client.lock.release({ holder: { session } }, soon),
    sessionId === undefined ? undefined : client.agent.disconnect({ sessionId }, soon),
  ]);
}
