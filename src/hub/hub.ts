/**
 * The hub as an object: `createHub` puts the parts together, and what it answers is all that a door
 * may use. One process may hold several; on PostgreSQL several processes may share one database.
 */
import {
  type Call,
  type Connect,
  type Credential,
  type Feed,
  type Invoke,
  limits,
  type Role,
  type Subscribe,
  type Subscription,
  SignalboxError,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { newSecret } from '../core/ids.ts';
import type { Random } from '../core/random.ts';
import { hasAdminToken, makeToken, rearmLeases } from '../domain/agent/index.ts';
import { rearmChanges } from '../domain/change/queries.ts';
import { rearmOffers } from '../domain/task/queries.ts';
import type { Store } from '../store/db.ts';
import type { StoredEvent } from '../store/events.ts';
import { Connections } from './connections.ts';
import { Duties, hubActor, TICK_MS } from './duties.ts';
import { EventFeed } from './feed.ts';
import { handlers } from './handlers.ts';
import { invoke, type Parts } from './invoke.ts';
import { Rate, type RateLimit } from './rate.ts';
import { hubClock } from './time.ts';
import { type Auth, Tokens } from './tokens.ts';

export interface HubOptions {
  store: Store;
  clock: Clock;
  random: Random;
  version: string;
  auth?: Auth;
  rate?: RateLimit;
  /** Hears each event once, for the log. */
  onEvent?: (event: StoredEvent) => void;
  /** Hears what went wrong inside; callers get only `internal`. */
  onDefect?: (where: string, error: unknown) => void;
}

export interface Hub {
  auth: Auth;
  invoke: Invoke;
  subscribe: Subscribe;
  /** For a wire that stays open: agent sessions end some seconds after it does. */
  connect: Connect;
  /** For a part of this very process: it is believed by name and role, without a token. */
  credentialOf: (name: string, role: Role) => Credential;
  /** Makes the first admin token; undefined where there is one already. */
  ensureAdmin: () => Promise<string | undefined>;
  /** Does what is due. It happens by itself once `start` was called. */
  tick: () => Promise<void>;
  start: () => void;
  /** Throws when the database does not answer. */
  check: () => Promise<void>;
  close: () => Promise<void>;
}

const SYNC_EVERY_MS = 10_000;
const FEED_POLL_MS = 500;

export async function createHub(options: HubOptions): Promise<Hub> {
  const { store, random, version, auth = 'token' } = options;
  const clock = hubClock(store, options.clock);
  await clock.sync();
  const onDefect = options.onDefect ?? (() => {});
  const tokens = new Tokens(store, auth);
  const connections = new Connections(store, clock);
  const feed = new EventFeed(store, hear, (error) => onDefect('feed', error));
  const about = { version, engine: store.engine, startedAtMs: clock.nowMs() };
  const rate = new Rate(
    options.rate ?? { perSecond: limits.requestsPerSecond, burst: limits.requestsBurst },
  );
  const table = new Map(Object.entries(handlers(about)));
  const parts: Parts = { store, clock, random, tokens, rate, handlers: table, onDefect };
  const duties = new Duties({ store, random });
  const stopped = new AbortController();
  let ticking: Promise<void> | undefined;

  function hear(event: StoredEvent): void {
    options.onEvent?.(event);
    if (event.type !== 'token.revoked') return;
    tokens.forget(event.subject);
    const isRotation = event.data.includes('"reason":"rotated"');
    if (isRotation) return;
    const reason = new SignalboxError('unauthenticated', 'the token was revoked');
    feed.endOf(event.subject, reason);
    connections.endOf(event.subject, reason);
  }

  async function subscribe(subscription: Subscription): Promise<Feed> {
    const actor = await tokens.identify(subscription.credential, clock.nowMs());
    if (!actor.scopes.has('read')) {
      throw new SignalboxError('forbidden', `${actor.name} may not read events`);
    }
    return feed.subscribe(actor, subscription);
  }

  const ask = (call: Call) => invoke(parts, call);

  async function tick(): Promise<void> {
    const nowMs = clock.nowMs();
    await connections.endExpired(nowMs);
    await duties.tick(nowMs);
  }

  async function repeat(everyMs: number, work: () => Promise<void>): Promise<void> {
    while (!stopped.signal.aborted) {
      await work().catch((error: unknown) => onDefect('duties', error));
      await clock.sleep(everyMs, stopped.signal);
    }
  }

  await rearm(store, clock.nowMs());
  await feed.open();

  return {
    auth,
    invoke: ask,
    subscribe,
    connect: (onEnd) => connections.open({ invoke: ask, subscribe, tokens, onEnd }),
    credentialOf: (name, role) => tokens.trust(name, role, newSecret('local', random)),
    ensureAdmin: () => ensureAdmin(parts),
    tick,
    start() {
      const poll = async (): Promise<void> => feed.wake();
      ticking ??= Promise.all([
        repeat(TICK_MS, tick),
        repeat(FEED_POLL_MS, poll),
        repeat(SYNC_EVERY_MS, clock.sync),
      ]).then(() => {});
    },
    async check() {
      await store.read.get(store.dialect.latestEventSeq);
    },
    async close() {
      stopped.abort();
      await ticking;
      await feed.close();
      connections.close();
      await store.close();
    },
  };
}

/** Time in which no hub ran counts against nobody: leases and offers begin anew. */
async function rearm(store: Store, nowMs: number): Promise<void> {
  await store.transaction(async (tx) => {
    await rearmLeases(tx, nowMs + limits.agentLeaseMs);
    await rearmOffers(tx, nowMs + limits.offerMs);
    await rearmChanges(tx, nowMs + limits.verifierLeaseMs);
  });
}

function ensureAdmin({ store, clock, random }: Parts): Promise<string | undefined> {
  const nowMs = clock.nowMs();
  return store.transaction(async (tx) => {
    if ((await hasAdminToken(tx)) !== undefined) return undefined;
    const context = { tx, actor: hubActor('default'), nowMs, random };
    const wanted = {
      agent: 'admin',
      role: 'admin' as const,
      expiresAtMs: null,
      rotatedFrom: null,
    };
    return (await makeToken(context, wanted)).secret;
  });
}
