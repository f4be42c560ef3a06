/**
 * The hub as an object: `createHub` puts the parts together, and what it answers is all that a door
 * may use. One process may hold several; on PostgreSQL several processes may share one database.
 */
import {
  type Connect,
  type Credential,
  type Download,
  type Invoke,
  limits,
  type Role,
  type Subscribe,
  SignalboxError,
  type Upload,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { newSecret } from '../core/ids.ts';
import type { Random } from '../core/random.ts';
import { findAdminToken, makeToken } from '../domain/agent/index.ts';
import { record } from '../domain/event/index.ts';
import { createGuard, type Resolve } from '../outbound/guard.ts';
import { createSender } from '../outbound/sender.ts';
import { tableBlobs } from '../store/blob-table.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store } from '../store/db.ts';
import { latestSeq, numberEvents, type StoredEvent } from '../store/events.ts';
import { commandContext } from './context.ts';
import { Connections } from './connections.ts';
import { Duties, hubActor, TICK_MS } from './duties.ts';
import { EventFeed } from './feed.ts';
import { Guesses, type Guessed } from './guesses.ts';
import { handlers } from './handlers.ts';
import { invoke, type Parts } from './invoke.ts';
import type { IsListening } from './message-handlers.ts';
import { Mirror } from './mirror.ts';
import { Notices } from './notices.ts';
import { Rate, type RateLimit } from './rate.ts';
import { beginDuties, forgetOwnVerifier, rearm } from './rearm.ts';
import { Rounds } from './rounds.ts';
import { download, upload } from './streams.ts';
import { type HubClock, hubClock } from './time.ts';
import { type Auth, Tokens } from './tokens.ts';
import { Uploads } from './uploads.ts';

export interface HubOptions {
  store: Store;
  /** Where artifacts lie; in the database unless told. */
  blobs?: Blobs;
  /** A folder that shows the cases to agents on the same disk. */
  mirror?: string | undefined;
  clock: Clock;
  /** How long the machine has slept so far, where its clock does not count that. */
  asleepMs?: () => number;
  random: Random;
  version: string;
  auth?: Auth;
  rate?: RateLimit;
  /** The name of the verifier that runs in this very process, if one does. */
  ownVerifier?: string | undefined;
  /** Ranges of addresses that webhooks may reach although they are not public. */
  webhookAllow?: readonly string[];
  /** Keys by which agents elsewhere are known beside tokens; kept as hashes, in memory alone. */
  apiKeys?: readonly { agent: string; key: string }[];
  /** Finds the addresses of a name; the resolver of the machine unless told. */
  resolve?: Resolve;
  /** Hears each event once, for the log. */
  onEvent?: (event: StoredEvent) => void;
  /** Hears what went wrong inside; callers get only `internal`. */
  onDefect?: (where: string, error: unknown) => void;
}

export type KeepSecret = (secret: string) => Promise<void>;

export interface Hub {
  auth: Auth;
  invoke: Invoke;
  upload: Upload;
  download: Download;
  subscribe: Subscribe;
  /** For a wire that stays open: agent sessions end some seconds after it does. */
  connect: Connect;
  /** For a part of this very process: it is believed by name and role, without a token. */
  credentialOf: (name: string, role: Role) => Credential;
  /**
   * Makes the first admin token; undefined where there is one already. `keep` puts the secret where
   * it is found again, before it counts: a hub that dies in between has locked nobody out.
   */
  ensureAdmin: (keep?: KeepSecret) => Promise<string | undefined>;
  /** Does what is due. It happens by itself once `start` was called. */
  tick: () => Promise<void>;
  start: () => void;
  /** Throws when the database does not answer. */
  check: () => Promise<void>;
  close: () => Promise<void>;
}

const FEED_POLL_MS = 500;
const BLOBS_EVERY_MS = 10 * 60_000;

export async function createHub(options: HubOptions): Promise<Hub> {
  const parts = await assemble(options, (project, key) => feed.isListening(project, key));
  const { store, clock, random, tokens, blobs, notices, onDefect } = parts;
  for (const { agent, key } of options.apiKeys ?? []) tokens.trust(agent, 'agent', key);
  const connections = new Connections(store, clock);
  const hear = (event: StoredEvent): void => {
    options.onEvent?.(event);
    heedToken(event, { tokens, feed, connections });
  };
  const feed: EventFeed = new EventFeed(store, hear, (error) => onDefect('feed', error));
  const rounds = new Rounds(clock, (error) => onDefect('duties', error));
  const duties = new Duties({ store, random, onDefect });

  const due = async (nowMs: number): Promise<void> => {
    await connections.endExpired(nowMs);
    await duties.tick(nowMs);
  };

  await rearm(parts, clock.nowMs());
  await forgetOwnVerifier(options, clock.nowMs());
  const mirror = await openMirror(parts, options.mirror);
  await feed.open();

  return {
    auth: options.auth ?? 'token',
    ...wiresOf(parts, feed, connections),
    credentialOf: (name, role) => tokens.trust(name, role, newSecret('local', random)),
    ensureAdmin: (keep) => ensureAdmin(parts, keep),
    async tick() {
      await due(clock.nowMs());
      await mirror?.catchUp();
      await notices.tick();
    },
    start() {
      beginDuties(rounds, parts, due);
      rounds.begin(TICK_MS, () => notices.tick());
      rounds.begin(FEED_POLL_MS, async () => feed.wake());
      rounds.begin(BLOBS_EVERY_MS, async () => void (await blobs.sweep(clock.nowMs())));
      if (mirror !== undefined) rounds.begin(TICK_MS, () => mirror.catchUp());
    },
    check: async () => void (await latestSeq(store)),
    async close() {
      await rounds.end();
      await notices.close();
      await feed.close();
      connections.close();
      await store.close();
    },
  };
}

type Wires = Pick<Hub, 'invoke' | 'upload' | 'download' | 'subscribe' | 'connect'>;

function wiresOf(parts: Parts, feed: EventFeed, connections: Connections): Wires {
  const { tokens } = parts;
  const wires: Omit<Wires, 'connect'> = {
    invoke: (call) => invoke(parts, call),
    upload: (call) => upload(parts, call),
    download: (call) => download(parts, call),
    subscribe: subscriber(parts, feed),
  };
  return { ...wires, connect: (onEnd) => connections.open({ ...wires, tokens, onEnd }) };
}

async function openMirror(parts: Parts, folder: string | undefined): Promise<Mirror | undefined> {
  if (folder === undefined) return undefined;
  const { store, blobs, onDefect } = parts;
  return Mirror.open({ store, blobs, folder, onError: (error) => onDefect('mirror', error) });
}

function subscriber({ tokens, clock }: Parts, feed: EventFeed): Subscribe {
  return async (subscription) => {
    const actor = await tokens.identify(subscription.credential, clock.nowMs());
    if (actor.scopes.has('read')) return feed.subscribe(actor, subscription);
    throw new SignalboxError('forbidden', `${actor.name} may not read events`);
  };
}

interface Believers {
  tokens: Tokens;
  feed: EventFeed;
  connections: Connections;
}

/** The end of a token, whichever hub it was told to, counts here as soon as its event is read. */
function heedToken({ type, subject }: StoredEvent, believers: Believers): void {
  const { tokens, feed, connections } = believers;
  if (type !== 'token.revoked' && type !== 'token.rotated') return;
  tokens.forget(subject);
  if (type === 'token.rotated') return;
  const reason = new SignalboxError('unauthenticated', 'the token was revoked');
  feed.endOf(subject, reason);
  connections.endOf(subject, reason);
}

interface Assembled extends Parts {
  clock: HubClock;
  notices: Notices;
}

async function assemble(options: HubOptions, isListening: IsListening): Promise<Assembled> {
  const { store, random, version, auth = 'token', onDefect = () => {} } = options;
  const { webhookAllow: allowed, resolve } = options;
  const guard = createGuard({ ...(allowed && { allowed }), ...(resolve && { resolve }) });
  const clock = hubClock(store, options.clock, options.asleepMs ?? (() => 0));
  await clock.sync();
  const about = { version, engine: store.engine, startedAtMs: clock.nowMs() };
  const limit = { perSecond: limits.requestsPerSecond, burst: limits.requestsBurst };
  const send = createSender({ guard, clock });
  const notices = new Notices({ store, clock, random, send, onDefect });
  const settleEvents = (): Promise<void> => numberEvents(store);
  const around = { isListening, outward: { guard, notices }, settleEvents };
  return {
    store,
    clock,
    random,
    tokens: new Tokens(store, auth, new Guesses(guessTeller({ store, random }))),
    rate: new Rate(options.rate ?? limit),
    handlers: new Map(Object.entries(handlers(about, around))),
    blobs: options.blobs ?? tableBlobs({ store, random, nowMs: () => clock.nowMs() }),
    uploads: new Uploads(),
    notices,
    onDefect,
  };
}

function guessTeller({ store, random }: Pick<Parts, 'store' | 'random'>): Guessed {
  return (reason, nowMs) =>
    store.transaction((tx) => {
      const context = commandContext({ tx, actor: hubActor('default'), nowMs, random });
      return record(context, { type: 'invite.guessed', subject: 'hub', data: { reason } });
    });
}

/** Answers the secret of the first admin token, or undefined where somebody is admin already. */
async function ensureAdmin(parts: Parts, keep?: KeepSecret): Promise<string | undefined> {
  const { store, clock, random } = parts;
  const nowMs = clock.nowMs();
  if ((await findAdminToken(store.read, nowMs)) !== undefined) return undefined;
  const secret = newSecret('sbx', random);
  await keep?.(secret);
  return store.transaction(async (tx) => {
    if ((await findAdminToken(tx, nowMs)) !== undefined) return undefined;
    const context = commandContext({ tx, actor: hubActor('default'), nowMs, random });
    const wanted = { agent: 'admin', role: 'admin' as const, expiresAtMs: null, rotatedFrom: null };
    return (await makeToken(context, { ...wanted, secret })).secret;
  });
}
