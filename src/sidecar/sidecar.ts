/**
 * The daemon beside an agent: takes one task at a time, and beats meanwhile.
 *
 * What an earlier run left is brought to its end first. Between tasks, work that could not be
 * pushed is tried again. An offer that comes while an attempt is going on waits; the hub takes it
 * back when it has waited too long.
 */
import { limits, SignalboxError, type Event, type Task } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import { Attempt, type AttemptPorts } from './attempt.ts';
import { createBell, within, type Bell } from './waiting.ts';
import { newRecord, recordName, type AttemptRecord } from './record.ts';
import { Session, type SessionPorts } from './session.ts';

/** How often work is tried again that waits for its repository. */
const PARKED_MS = 60_000;
/** A machine that cannot work leaves the work to others for a while. */
const PAUSE = { firstMs: 5_000, mostMs: 5 * 60_000 };
/** The longest that an account is taken to be shut, whatever its CLI says. */
const LIMITED_MS_MAX = 24 * 60 * 60_000;
/** How long a sidecar that ends waits for the hub to take its last reports; they are on disk. */
const FLUSH_MS = 5_000;

interface Offer {
  taskId: string;
  fence: number;
}

export interface SidecarPorts extends Omit<AttemptPorts, 'onUnfit'> {
  capabilities: string[];
  repositories?: SessionPorts['repositories'];
  session: Pick<SessionPorts, 'sessionId' | 'saveSessionId'>;
  onProved?: SessionPorts['onProved'];
  /** The attempts that an earlier run left. */
  found: AttemptRecord[];
}

export class Sidecar {
  readonly #ports: SidecarPorts;
  readonly #bell: Bell;
  readonly #session: Session;
  /** Attempts that are not at their end: recovered ones, and those that wait for a repository. */
  #waiting: Attempt[];
  #rescue: Promise<void> | null = null;
  #current: Attempt | null = null;
  #accepting: Offer | null = null;
  #offer: Offer | null = null;
  /** Fences grow, so an offer with this one or an older one is over. */
  #takenFence = 0;
  #isDraining = false;
  #isStopping = false;
  #pauses = 0;
  #refusal: SignalboxError | null = null;

  constructor(ports: SidecarPorts) {
    this.#ports = ports;
    this.#bell = createBell(ports.clock);
    this.#waiting = ports.found.map((record) => this.#attempt(record));
    this.#session = new Session({
      ...ports,
      ...ports.session,
      holding: () => this.#holding(),
      onEvent: (event) => this.#heard(event),
      onJoined: (taskId) => void this.#joined(taskId),
      onRefused: (error) => this.#refused(error),
    });
  }

  /** Takes no more tasks; `run` ends when the one in hand has ended. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#ports.say({ kind: 'draining', taskId: this.#current?.record.taskId ?? null });
    void this.#session.drain();
    this.#bell.ring();
  }

  /** Stops the command in hand too: its work is pushed and the task given back. */
  stop(): void {
    this.drain();
    this.#isStopping = true;
    this.#current?.stop('stopped');
    for (const attempt of this.#waiting) attempt.stop('stopped');
  }

  /** The hub refused a report, and may think of a task as ours that we have done with. */
  resync(): void {
    void this.#session.resync();
  }

  /** Ends when it was drained; throws when the hub will not have this agent. */
  async run(): Promise<void> {
    for (const attempt of this.#waiting) {
      if (attempt.record.stage !== 'parked') await attempt.drive();
    }
    this.#rescueWaiting();
    while (!this.#isDraining) {
      const offer = this.#offer;
      this.#offer = null;
      if (offer !== null) await this.#take(offer);
      else await this.#rest();
    }
    await this.#leave();
    if (this.#refusal !== null) throw this.#refusal;
  }

  async #rest(): Promise<void> {
    await this.#bell.wait(PARKED_MS);
    // A rescue works in the mirrors too; whatever rings ends the upkeep at once.
    const mayTidy = this.#isAtRest() && this.#rescue === null;
    if (mayTidy) await this.#ports.workspace.upkeep(this.#bell.rung());
    if (this.#isAtRest()) this.#rescueWaiting();
  }

  #isAtRest(): boolean {
    return this.#offer === null && !this.#isDraining;
  }

  /** Beside everything else: a remote that hangs must not cost an offer. */
  #rescueWaiting(): void {
    this.#rescue ??= this.#finishWaiting().finally(() => {
      this.#rescue = null;
    });
  }

  async #finishWaiting(): Promise<void> {
    for (const attempt of this.#waiting) await attempt.drive();
    this.#waiting = this.#waiting.filter(({ isGone }) => !isGone);
  }

  async #take(offer: Offer): Promise<void> {
    const attempt = await this.#accept(offer);
    if (attempt === null) return;
    if (this.#isStopping) attempt.stop('stopped');
    await attempt.drive();
    this.#current = null;
    if (!attempt.isGone) this.#waiting.push(attempt);
    if (isPausing(attempt.record)) await this.#pause(attempt.record);
    else this.#pauses = 0;
    if (!this.#isDraining) this.#ports.say({ kind: 'waiting' });
  }

  async #accept(offer: Offer): Promise<Attempt | null> {
    const { client, journal, say } = this.#ports;
    const { taskId, fence } = offer;
    this.#accepting = offer;
    this.#takenFence = fence;
    try {
      const options = { key: `${taskId}.${fence}.accept`, timeoutMs: limits.offerMs };
      const record = newRecord(await client.task.accept({ taskId, fence }, options));
      this.#current = this.#attempt(record);
      await journal.put(recordName(record), record);
      say({ kind: 'accepted', taskId, attempt: record.attempt, title: record.task.title });
    } catch (error) {
      // Without a journal the attempt still goes on as far as it can: it ends as unfit.
      if (this.#current === null) say({ kind: 'offer_gone', taskId, error });
      // Nobody has answered, so the same offer may still be made again.
      if (error instanceof SignalboxError && error.code === 'unavailable') this.#takenFence = 0;
    }
    this.#accepting = null;
    return this.#current;
  }

  async #pause({ reason, unpushed, told }: AttemptRecord): Promise<void> {
    const { clock, random, say } = this.#ports;
    const againMs = told?.limitedUntilMs ?? null;
    const knownMs = againMs === null ? 0 : Math.min(againMs - clock.nowMs(), LIMITED_MS_MAX);
    const forMs = Math.max(backoffMs(PAUSE, ++this.#pauses, random.fraction()), knownMs);
    say({ kind: 'paused', forMs, reason: unpushed ?? reason });
    if (againMs !== null) await this.#tellPause(forMs, reason);
    const untilMs = clock.nowMs() + forMs;
    while (!this.#isDraining && clock.nowMs() < untilMs) {
      await this.#bell.wait(untilMs - clock.nowMs());
    }
    if (!this.#isDraining) await this.#session.undrain();
  }

  /** So that everybody can see until when it rests; by the hub's clock, which ours may not be. */
  async #tellPause(forMs: number, reason: string): Promise<void> {
    const { client } = this.#ports;
    try {
      const { nowMs } = await client.hub.status({}, { timeoutMs: limits.offerMs });
      const why = reason.slice(0, limits.noteCharsMax).toWellFormed();
      await client.agent.pause({ untilMs: nowMs + forMs, reason: why });
    } catch {
      // It is draining already, and gets nothing new: the pause only says more of it.
    }
  }

  async #leave(): Promise<void> {
    const { outbox, clock, say } = this.#ports;
    for (const attempt of this.#waiting) attempt.stop('stopped');
    await this.#rescue;
    if (this.#refusal === null) {
      await within(FLUSH_MS, clock, outbox.settled());
      await this.#session.leave();
    }
    this.#session.close();
    say({ kind: 'stopped' });
  }

  #attempt(record: AttemptRecord): Attempt {
    return new Attempt({ ...this.#ports, onUnfit: () => this.#session.drain() }, record);
  }

  #holding(): string[] {
    const attempts = [...this.#waiting, ...(this.#current === null ? [] : [this.#current])];
    const inHand = attempts.filter(({ holdsTask }) => holdsTask).map(({ record }) => record.taskId);
    const accepting = this.#accepting === null ? [] : [this.#accepting.taskId];
    return [...new Set([...inHand, ...accepting, ...this.#ports.outbox.taskIds()])];
  }

  #heard({ type, subject, data }: Event): void {
    const record = this.#current?.record;
    const isOurs = record?.taskId === subject;
    if (isOurs && data.attempt === record.attempt) {
      const isCancelled = type === 'task.cancelled' || data.outcome === 'cancelled';
      if (isCancelled) this.#current?.stop('cancelled');
      if (data.outcome === 'stalled') this.#current?.stop('fenced');
      if (data.outcome === 'over_budget') this.#current?.stop('over_budget', data.reason ?? null);
    }
    if (type !== 'task.offered' || data.fence === undefined) return;
    if (isOurs && data.fence > record.fence) this.#current?.stop('fenced');
    this.#offered({ taskId: subject, fence: data.fence });
  }

  /** An offer may be heard twice, by its event and in the answer to a connection. */
  #offered(offer: Offer): void {
    if (offer.fence <= this.#takenFence) return;
    this.#offer = offer;
    this.#ports.say({ kind: 'offered', taskId: offer.taskId });
    this.#bell.ring();
  }

  /** What happened while we were not connected is read from the tasks themselves. */
  async #joined(taskId: string | null): Promise<void> {
    const { client } = this.#ports;
    const inHand = this.#current?.holdsTask === true ? this.#current : null;
    try {
      if (inHand !== null) {
        const { task } = await client.task.show({ id: inHand.record.taskId });
        const why = lostBy(task, inHand.record.fence);
        if (why !== null) inHand.stop(why);
      }
      if (taskId === null || this.#holding().includes(taskId)) return;
      const { task } = await client.task.show({ id: taskId });
      if (task.state === 'offered') this.#offered({ taskId, fence: task.fence });
    } catch {
      // The wire broke again: the next welcome asks again.
    }
  }

  #refused(error: SignalboxError): void {
    this.#refusal = error;
    this.#isDraining = true;
    this.stop();
    this.#bell.ring();
  }
}

/** This machine, or the account of its CLI, is of no use for a while: others get the work. */
function isPausing({ ending, unpushed }: AttemptRecord): boolean {
  return ending === 'unfit' || ending === 'limited' || unpushed !== null;
}

/** Why an attempt does not hold its task any more; null where it still does. */
function lostBy(task: Task, fence: number): 'cancelled' | 'fenced' | null {
  if (task.state === 'cancelled') return 'cancelled';
  const isOver = task.state === 'done' || task.state === 'failed' || task.state === 'dead';
  // One that is only presumed gone is still named.
  const isTaken = task.state === 'queued' && task.agent === null;
  return isOver || isTaken || task.fence !== fence ? 'fenced' : null;
}
