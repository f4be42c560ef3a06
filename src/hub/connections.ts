/**
 * The wires that stay open. When one closes, the agent sessions that began over it have some
 * seconds to resume over another; when its token ends, so does the wire.
 */
import {
  type Call,
  type Connection,
  type Download,
  type Invoke,
  inviteCode,
  limits,
  operations,
  type Reply,
  SignalboxError,
  type Subscribe,
  type Upload,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { shortenLease } from '../domain/agent/index.ts';
import type { Actor } from '../domain/event/index.ts';
import type { Store } from '../store/db.ts';
import type { Tokens } from './tokens.ts';

export interface Opening {
  invoke: Invoke;
  upload: Upload;
  download: Download;
  subscribe: Subscribe;
  tokens: Tokens;
  onEnd: ((reason: unknown) => void) | undefined;
}

interface Wire {
  actor: Actor | undefined;
  credential: Call['credential'] | undefined;
  /** The agent session that began over this wire, with whose it is. */
  session: { id: string; actor: Actor } | undefined;
  opening: Opening;
}

export class Connections {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #wires = new Set<Wire>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  open(opening: Opening): Connection {
    const wire: Wire = { actor: undefined, credential: undefined, session: undefined, opening };
    this.#wires.add(wire);
    return {
      invoke: (call) => this.#invoke(wire, call),
      upload: opening.upload,
      download: opening.download,
      subscribe: opening.subscribe,
      close: () => this.#closed(wire),
    };
  }

  endOf(tokenId: string, reason: SignalboxError): void {
    for (const wire of this.#wires) {
      if (wire.actor?.tokenId === tokenId) this.#end(wire, reason);
    }
  }

  async endExpired(nowMs: number): Promise<void> {
    for (const wire of this.#wires) {
      if (wire.credential === undefined) continue;
      try {
        await wire.opening.tokens.identify(wire.credential, nowMs);
      } catch (error) {
        if (!isUnknown(error)) throw error;
        this.#end(wire, error);
      }
    }
  }

  close(): void {
    const reason = new SignalboxError('unavailable', 'the hub is closing', { retryAfterMs: 1_000 });
    for (const wire of this.#wires) this.#end(wire, reason);
  }

  async #invoke(wire: Wire, call: Call): Promise<Reply> {
    const reply = await wire.opening.invoke(call);
    const { token = '' } = call.credential;
    // A code is good for one call: there is nobody to hold a wire for.
    const isGuest = inviteCode(token) !== undefined;
    if (wire.credential === undefined && !isGuest) await this.#remember(wire, call);
    if (call.operation === 'agent.connect') await this.#began(wire, call, reply);
    return reply;
  }

  async #remember(wire: Wire, call: Call): Promise<void> {
    try {
      wire.actor = await wire.opening.tokens.identify(call.credential, this.#clock.nowMs());
      wire.credential = call.credential;
    } catch (error) {
      // The call itself may have ended what let it in, and has its answer all the same.
      if (!isUnknown(error)) throw error;
    }
  }

  async #began(wire: Wire, call: Call, reply: Reply): Promise<void> {
    const actor = await wire.opening.tokens.identify(call.credential, this.#clock.nowMs());
    const { sessionId } = operations['agent.connect'].output.parse(reply.output);
    wire.session = { id: sessionId, actor };
  }

  #end(wire: Wire, reason: SignalboxError): void {
    this.#wires.delete(wire);
    wire.opening.onEnd?.(reason);
  }

  /** The wire has closed by itself: the hub itself closing counts against nobody. */
  #closed(wire: Wire): void {
    const wasOpen = this.#wires.delete(wire);
    if (!wasOpen || wire.session === undefined) return;
    const { id: sessionId, actor } = wire.session;
    const { project, key } = actor;
    const leaseUntilMs = this.#clock.nowMs() + limits.agentResumeMs;
    this.#store
      .transaction((tx) => shortenLease(tx, { project, key, sessionId, leaseUntilMs }))
      // The lease ends by itself, only later.
      .catch(() => {});
  }
}

function isUnknown(error: unknown): error is SignalboxError {
  return error instanceof SignalboxError && error.code === 'unauthenticated';
}
