/**
 * The bridge between a hub and a folder of Markdown inboxes, `<agent>_inbox/` for each agent.
 *
 * One side owns each inbox. Where the agent lives on *files*, the bridge writes the hub's messages
 * there and takes the reader's move to `.processed/` as the acknowledgement; what others drop there
 * reaches the agent without the hub, and the bridge leaves it alone. Where it lives on the *hub*,
 * the bridge sends what others drop there, and moves it. So nothing goes round in a circle.
 *
 * It is a client of the hub like any other. For agents on files it acts with their tokens.
 */
import { join } from 'node:path';
import type { Client } from '../client/index.ts';
import type { EventFilter } from '../contract/index.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { createClients, type Clients } from './clients.ts';
import { sendersOf, type Senders } from './draft.ts';
import { removeDrafts } from './inbox.ts';
import { Inward } from './inward.ts';
import { takeLock, type Lock } from './lock.ts';
import { createBell, loop, type Bell } from './loop.ts';
import { Outward } from './outward.ts';
import { placesIn, type Place } from './places.ts';
import type { Say } from './progress.ts';

export type { BridgeEvent, Say } from './progress.ts';

export interface BridgeOptions {
  /** Holds the inboxes. */
  dir: string;
  /** Live on files; undefined: whoever has a folder at the start and does not live on the hub. */
  fileAgents?: readonly string[] | undefined;
  /** Live on the hub. */
  hubAgents: readonly string[];
  /** Under which name it sends what comes from nobody whose token it has. */
  name: string;
  intervalMs: number;
  /** A file that has looked the same for so long is whole. */
  settleMs?: number | undefined;
  /** Hub and folder are compared anew after so long. */
  recheckMs?: number | undefined;
  /** How often it says that it is there, and after what silence another takes its place. */
  beatMs?: number | undefined;
  staleMs?: number | undefined;
}

export interface BridgePorts {
  /** A client with the token of this agent; the bridge closes it. */
  connect: (agent: string) => Promise<Client>;
  say: Say;
  stop: AbortSignal;
  clock?: Clock | undefined;
  random?: Random | undefined;
}

const PATIENCE_MS = 60_000;
const SETTLE_MS = 1_000;
const RECHECK_MS = 60_000;
const BEAT_MS = 3_000;
const STALE_MS = 15_000;

/** Runs until it is stopped. Throws where another serves the folder, or a token is missing. */
export async function runBridge(options: BridgeOptions, ports: BridgePorts): Promise<void> {
  const { clock = systemClock(), random = systemRandom(), say, stop } = ports;
  const places = await placesIn(options, say);
  const clients = createClients(ports.connect, say);
  const failing = new AbortController();
  const ending = AbortSignal.any([stop, failing.signal]);
  let lock: Lock | undefined;
  try {
    lock = await takeLock({
      folder: join(options.dir, '.bridge'),
      clock,
      random,
      stop,
      beatMs: options.beatMs ?? BEAT_MS,
      staleMs: options.staleMs ?? STALE_MS,
      onWait: (holder) => say({ kind: 'waiting', holder }),
      onSilence: (error) => say({ kind: 'trouble', agent: null, message: silence(error) }),
    });
    const parts = { clock, random, say, stop: ending, isHeld: lock.isHeld, clients };
    await serveAll(places, { ...options, ...parts, onFailure: (error) => failing.abort(error) });
    failing.signal.throwIfAborted();
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    clients.close();
    await lock?.release();
  }
}

function silence(error: unknown): string {
  const cause = error instanceof Error ? error.message : String(error);
  return `The lock of the folder cannot be renewed, and nothing is done until it can: ${cause}`;
}

interface Serving extends BridgeOptions {
  clock: Clock;
  random: Random;
  say: Say;
  stop: AbortSignal;
  isHeld: () => boolean;
  clients: Clients;
  /** The first that fails ends the others. */
  onFailure: (error: unknown) => void;
}

async function serveAll(places: readonly Place[], serving: Serving): Promise<void> {
  const { clients, name, say, onFailure } = serving;
  const files = places.filter(({ owner }) => owner === 'files').map(({ agent }) => agent);
  const hub = places.filter(({ owner }) => owner === 'hub').map(({ agent }) => agent);
  for (const agent of hub.length > 0 ? [...files, name] : files) await clients.of(agent);
  for (const { path } of places) await removeDrafts(path);
  const senders = sendersOf({ bridge: name, files, hub });
  say({ kind: 'ready', files, hub });
  await Promise.all(places.map((place) => serve(place, senders, serving).catch(onFailure)));
}

async function serve(place: Place, senders: Senders, serving: Serving): Promise<void> {
  const { agent, path, owner } = place;
  const { clock, random, say, stop, isHeld, clients, intervalMs } = serving;
  const { settleMs = Math.max(intervalMs, SETTLE_MS), recheckMs = RECHECK_MS } = serving;
  const bell = createBell(clock);
  const common = { agent, path, clock, say, stop, isHeld };
  const looping = { ...common, intervalMs, bell, random };
  const patience = { settleMs, patienceMs: PATIENCE_MS };
  const inward = new Inward({ ...common, ...patience, senders, clientFor: clients.of });
  if (owner === 'hub') return loop({ ...looping, round: () => inward.round() });

  const client = await clients.of(agent);
  const outward = new Outward({ ...common, client, recheckMs });
  // What was on its way when the agent still lived on the hub.
  let isFinished = false;
  const round = async (): Promise<void> => {
    isFinished ||= await inward.finish();
    await outward.round();
  };
  const unwatch = wakeOnMail(client, bell);
  try {
    await loop({ ...looping, round });
  } finally {
    unwatch();
  }
}

/** A hint like those of the folder: whatever becomes of it, the poll stands behind it. */
function wakeOnMail(client: Client, bell: Bell): () => void {
  let close = (): void => {};
  let isAsked = false;
  const unlisten = client.onState((state) => {
    if (state !== 'connected' || isAsked) return;
    isAsked = true;
    const filter: EventFilter = { mine: true, types: ['message.stored', 'message.returned'] };
    void client.event.list({ limit: 1 }).then(
      ({ headCursor: after }) => {
        close = client.subscribe({ after, filter, onEvent: bell.ring }).close;
      },
      () => {},
    );
  });
  return () => (unlisten(), close());
}
