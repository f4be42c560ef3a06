/**
 * Beside an agent that runs elsewhere: takes its offers, wakes it, and beats for it while it works.
 *
 * The agent finds the task in hand when it asks for one, and reports by itself. Until it has begun
 * it is woken again, each time after a longer wait; one that never comes costs the task no retry.
 */
import type { Client } from '../client/index.ts';
import { limits, type Event, type SignalboxError, type Task } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';

import type { Random } from '../core/random.ts';
import { Session, type SessionPorts } from './session.ts';
import type { Wake } from './wake.ts';
import { createBell } from './waiting.ts';

/** How often the task is looked at, beside its events. */
const LOOK_MS = 3_000;
const WAKES_MAX = 5;
const AGAIN = { firstMs: 30_000, mostMs: 5 * 60_000 };
/** After an agent that did not come, its work is left to others for a while. */
const PAUSE_MS = 5 * 60_000;

export interface WakerPorts extends Omit<
  SessionPorts,
  'holding' | 'onEvent' | 'onJoined' | 'onRefused'
> {
  random: Random;
  wake: Wake;
}

interface Held {
  taskId: string;
  fence: number;
}

export class Waker {
  readonly #ports: WakerPorts;
  readonly #bell;
  readonly #session: Session;
  #offer: Held | null = null;
  #held: Held | null = null;
  #takenFence = 0;
  #isDraining = false;
  #isStopping = false;
  #refusal: SignalboxError | null = null;

  constructor(ports: WakerPorts, held: Held | null) {
    this.#ports = ports;
    this.#held = held;
    this.#bell = createBell(ports.clock);
    this.#session = new Session({
      ...ports,
      holding: () => (this.#held === null ? [] : [this.#held.taskId]),
      onEvent: (event) => this.#heard(event),
      onJoined: (taskId) => void this.#joined(taskId),
      onRefused: (error) => this.#refused(error),
    });
  }

  /** Takes no more tasks; `run` ends when the one in hand has ended. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#ports.say({ kind: 'draining', taskId: this.#held?.taskId ?? null });
    void this.#session.drain();
    this.#bell.ring();
  }

  /** Leaves; a task in hand goes back, and a late report of the agent is still taken. */
  stop(): void {
    this.drain();
    this.#isStopping = true;
    this.#bell.ring();
  }

  async run(): Promise<void> {
    if (this.#held !== null) await this.#attend(this.#held);
    while (!this.#isDraining) {
      const offer = this.#offer;
      this.#offer = null;
      if (offer === null) await this.#bell.wait(LOOK_MS);
      else if (await this.#accept(offer)) await this.#attend(offer);
    }
    await this.#session.leave();
    this.#ports.say({ kind: 'stopped' });
    if (this.#refusal !== null) throw this.#refusal;
  }

  async #accept({ taskId, fence }: Held): Promise<boolean> {
    const { client, say } = this.#ports;
    this.#takenFence = fence;
    this.#held = { taskId, fence };
    try {
      const options = { key: `${taskId}.${fence}.accept`, timeoutMs: limits.offerMs };
      const { task } = await client.task.accept({ taskId, fence }, options);
      say({ kind: 'accepted', taskId, attempt: task.attempt, title: task.title });
      return true;
    } catch (error) {
      this.#held = null;
      say({ kind: 'offer_gone', taskId, error });
      return false;
    }
  }

  /** Wakes the agent until it has begun, and stays until the task is not its any more. */
  async #attend(held: Held): Promise<void> {
    const { clock, random, say } = this.#ports;
    const startedMs = clock.nowMs();
    let wakes = 0;
    let dueMs = startedMs;
    while (!this.#isStopping) {
      const task = await this.#look(held);
      if (task === 'gone') break;
      if (task !== null && clock.nowMs() >= startedMs + task.timeoutMs) {
        await this.#giveBack(held, 'The agent took longer than the task allows.');
        break;
      }
      if (task?.state === 'accepted' && clock.nowMs() >= dueMs) {
        if (wakes === WAKES_MAX) {
          await this.#giveBack(held, `The agent did not come, though it was woken ${wakes} times.`);
          await this.#pause();
          break;
        }
        await this.#wake(task, ++wakes);
        dueMs = clock.nowMs() + backoffMs(AGAIN, wakes, random.fraction());
      }
      await this.#bell.wait(LOOK_MS);
    }
    this.#held = null;
    if (this.#isDraining) return;
    // The agent has said what it can when it asked; from here on it is what we say again.
    await this.#session.resync();
    say({ kind: 'waiting' });
  }

  /** `gone`: it is not this hand-out any more. Null: the hub is away. */
  async #look({ taskId, fence }: Held): Promise<Task | 'gone' | null> {
    const { client, agent, say } = this.#ports;
    try {
      const { task } = await client.task.show({ id: taskId });
      const isInHand = task.state === 'accepted' || task.state === 'running';
      if (isInHand && task.fence === fence && task.agent === agent) return task;
      say({ kind: 'left_hand', taskId, state: task.state });
      return 'gone';
    } catch {
      return null;
    }
  }

  async #wake(task: Task, number: number): Promise<void> {
    const { wake, agent, url, say } = this.#ports;
    say({ kind: 'waking', taskId: task.id, number });
    try {
      await wake({ agent, url, task });
    } catch (error) {
      say({ kind: 'trouble', message: 'The agent could not be woken.', error });
    }
  }

  async #giveBack({ taskId, fence }: Held, reason: string): Promise<void> {
    const { client, say } = this.#ports;
    try {
      await client.task.decline({ taskId, fence, reason }, { key: `${taskId}.${fence}.report` });
      say({ kind: 'reported', taskId, operation: 'task.decline', outcome: 'released' });
    } catch (error) {
      say({ kind: 'trouble', message: 'The task could not be given back.', error });
    }
  }

  async #pause(): Promise<void> {
    const { clock, say } = this.#ports;
    if (this.#isDraining) return;
    await this.#session.drain();
    say({ kind: 'paused', forMs: PAUSE_MS, reason: 'The agent did not come.' });
    const untilMs = clock.nowMs() + PAUSE_MS;
    while (!this.#isDraining && clock.nowMs() < untilMs) {
      await this.#bell.wait(untilMs - clock.nowMs());
    }
    if (!this.#isDraining) await this.#session.undrain();
  }

  #heard({ type, subject, data }: Event): void {
    if (subject === this.#held?.taskId) this.#bell.ring();
    if (type !== 'task.offered' || data.fence === undefined) return;
    this.#offered({ taskId: subject, fence: data.fence });
  }

  #offered(offer: Held): void {
    if (offer.fence <= this.#takenFence) return;
    this.#offer = offer;
    this.#ports.say({ kind: 'offered', taskId: offer.taskId });
    this.#bell.ring();
  }

  async #joined(taskId: string | null): Promise<void> {
    this.#bell.ring();
    if (taskId === null || taskId === this.#held?.taskId) return;
    try {
      const { task } = await this.#ports.client.task.show({ id: taskId });
      if (task.state === 'offered') this.#offered({ taskId, fence: task.fence });
    } catch {
      // The wire broke again: the next welcome asks again.
    }
  }

  #refused(error: SignalboxError): void {
    this.#refusal = error;
    this.stop();
  }
}

/** What the hub knows the agent to have in hand, from an earlier run beside it. */
export async function inHand(client: Client, agent: string): Promise<Held | null> {
  for (const state of ['running', 'accepted'] as const) {
    const { items } = await client.task.list({ agent, state, limit: 1 });
    const [task] = items;
    if (task !== undefined) return { taskId: task.id, fence: task.fence };
  }
  return null;
}
