/**
 * The lease on a claimed change. While it beats, no other verifier has the change; when the hub
 * says that it is lost, its signal ends everything at hand, and above all a push.
 *
 * A hub that does not answer is no lost lease: it may be restarting, and tests take long. But
 * nothing is pushed without `confirm`, which has the hub's word that is only a moment old.
 */
import type { Client } from '../client/client.ts';
import { isPassing, limits, type Verification } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { insist } from './insist.ts';

const BEAT_MS = limits.verifierLeaseMs / 3;

export interface LeasePorts {
  client: Client;
  clock: Clock;
  /** Ends the waiting for a hub that is away. */
  stop: AbortSignal;
}

export class Lease {
  readonly #ports: LeasePorts;
  readonly #input: { id: string; lease: number };
  readonly #lost = new AbortController();
  #pause = new AbortController();

  constructor(verification: Verification, ports: LeasePorts) {
    this.#ports = ports;
    this.#input = { id: verification.change.id, lease: verification.lease };
    void this.#beat(this.#pause.signal);
  }

  /** Aborted when the change is not ours any more. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** No more beats: what is said next to the hub ends the lease, or renews it. */
  rest(): void {
    this.#pause.abort();
  }

  /** Renews the lease, beats again, and answers when it is sure to hold for a while; or throws. */
  async confirm(): Promise<void> {
    const { clock, stop } = this.#ports;
    for (let isFresh = false; !isFresh;) {
      const sentMs = clock.nowMs();
      await insist(() => this.#renew(), { clock, stop });
      isFresh = clock.nowMs() - sentMs <= BEAT_MS;
    }
    this.#lost.signal.throwIfAborted();
    this.#pause = new AbortController();
    void this.#beat(this.#pause.signal);
  }

  async #beat(paused: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    for (;;) {
      await clock.sleep(BEAT_MS, paused);
      if (paused.aborted) return;
      try {
        await this.#renew();
      } catch (error) {
        if (paused.aborted || isPassing(error)) continue;
        this.#lost.abort(error);
        return;
      }
    }
  }

  /** Each beat has a key of its own: an answer given again would renew nothing. */
  async #renew(): Promise<void> {
    await this.#ports.client.change.heartbeat(this.#input, { timeoutMs: BEAT_MS });
  }
}
