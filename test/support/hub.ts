/**
 * A hub for tests: on an empty store of an engine, with a clock that is moved by hand and seeded
 * chance, asked through the typed client over the local transport with real tokens.
 *
 *   const hub = await openTestHub('sqlite memory');
 *   const person = await hub.as('pat', 'operator');
 *   const { id } = await person.task.submit({ title: 'write it down' });
 *   await hub.pass(10_000);
 *
 * The test's end closes everything, and fails where the hub has met a defect of its own.
 */
import { expect, onTestFinished } from 'vitest';
import { createClient, localTransport } from '../../src/client/index.ts';
import type { Client } from '../../src/client/index.ts';
import { type Role, SignalboxError } from '../../src/contract/index.ts';
import { manualClock, type ManualClock } from '../../src/core/clock.ts';
import { seededRandom } from '../../src/core/random.ts';
import { createHub, type Hub, type HubOptions } from '../../src/hub/hub.ts';
import type { Store } from '../../src/store/db.ts';
import { type OpenOptions, openStore } from '../../src/store/open.ts';
import { openTestStore, type TestEngine } from './engines.ts';

export interface TestHub {
  hub: Hub;
  store: Store;
  clock: ManualClock;
  /** A client with a token of its own. */
  as: (name: string, role?: Role) => Promise<Client>;
  /** Moves time on and does what is due. */
  pass: (ms: number) => Promise<void>;
  close: () => Promise<void>;
}

export type TestHubOptions = Partial<Omit<HubOptions, 'store' | 'clock'>> & {
  clock?: ManualClock;
  seed?: number;
};

export async function openTestHub(
  engine: TestEngine,
  options: TestHubOptions = {},
): Promise<TestHub> {
  const { store } = await openTestStore(engine);
  return hubOn(store, options);
}

/** A hub on a store that is open already: a second one on one database, or one that comes back. */
export async function hubOn(store: Store, options: TestHubOptions = {}): Promise<TestHub> {
  const { clock = manualClock(), seed = 1, ...rest } = options;
  const defects: unknown[] = [];
  const hub = await createHub({
    store,
    clock,
    random: seededRandom(seed),
    version: '0.0.0',
    rate: { perSecond: 1_000_000, burst: 1_000_000 },
    onDefect: (_where, error) => defects.push(error),
    ...rest,
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await hub.close();
    isOpen = false;
  };
  onTestFinished(async () => {
    await close();
    if (rest.onDefect === undefined) expect(defects).toEqual([]);
  });
  const root = createClient(localTransport(hub.connect(), hub.credentialOf('root', 'admin')));
  return {
    hub,
    store,
    clock,
    async as(name, role = 'agent') {
      const { secret } = await root.token.create({ agent: name, role });
      return createClient(localTransport(hub.connect(), { token: secret }));
    },
    async pass(ms) {
      clock.advance(ms);
      await hub.tick();
    },
    close,
  };
}

/** The same database opened again, by a hub that was not there before. */
export async function reopen(place: OpenOptions, options: TestHubOptions = {}): Promise<TestHub> {
  const store = await openStore(place);
  onTestFinished(() => store.close());
  return hubOn(store, { seed: 2, ...options });
}

export interface Worker {
  name: string;
  client: Client;
  sessionId: string;
}

/** An agent that is connected and waits for work. */
export async function worker(
  hub: TestHub,
  name: string,
  capabilities: string[] = [],
): Promise<Worker> {
  const client = await hub.as(name);
  const { sessionId } = await client.agent.connect({ capabilities });
  return { name, client, sessionId };
}

export interface InHand {
  taskId: string;
  fence: number;
}

const HELD = ['offered', 'accepted', 'running'] as const;

/** What the agent has in its hand; throws where that is nothing. */
export async function inHand({ client, name }: Worker): Promise<InHand> {
  for (const state of HELD) {
    const { items } = await client.task.list({ agent: name, state });
    const [task] = items;
    if (task !== undefined) return { taskId: task.id, fence: task.fence };
  }
  throw new Error(`${name} has nothing in its hand`);
}

/** Takes the offer that waits, and begins. */
export async function begin(at: Worker): Promise<InHand> {
  const held = await inHand(at);
  await at.client.task.accept(held);
  await at.client.task.start(held);
  return held;
}

/** The refusal of a call that must be refused. */
export async function refusal(call: Promise<unknown>): Promise<SignalboxError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SignalboxError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}

export const commit = (digit: string): string => digit.repeat(40);
export const REPOSITORY = '/srv/app.git';
export const NOBODY = {
  task: `tsk_${'0'.repeat(21)}`,
  change: `chg_${'0'.repeat(21)}`,
  token: `tok_${'0'.repeat(21)}`,
  invite: `inv_${'0'.repeat(21)}`,
  session: `ses_${'0'.repeat(21)}`,
  memory: `mem_${'0'.repeat(21)}`,
  lock: `lck_${'0'.repeat(21)}`,
  message: `msg_${'0'.repeat(21)}`,
  route: `rou_${'0'.repeat(21)}`,
  schedule: `sch_${'0'.repeat(21)}`,
  webhook: `whk_${'0'.repeat(21)}`,
  delivery: `whd_${'0'.repeat(21)}`,
};

/** What is handed in: a branch with one commit on top of its base. */
export function handIn({ taskId, fence }: InHand): {
  change: { branch: string; base: string; head: string };
} {
  return {
    change: { branch: `signalbox/${taskId}/${fence}`, base: commit('a'), head: commit('b') },
  };
}

/** No runnable task waits beside an idle agent that could do it. */
export async function expectNoMissedMatch(client: Client): Promise<void> {
  const { missedMatches } = await client.hub.status();
  expect(missedMatches, 'runnable tasks that wait beside an able idle agent').toBe(0);
}
