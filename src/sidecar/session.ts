/**
 * The sidecar's session with its hub: it connects, beats, hears what is for its agent, and resumes
 * when a wire broke. Nothing here stops a command: a lost connection is not a lost task.
 *
 * At each welcome the hub is told first which tasks are still in hand. What was sent before and not
 * answered goes out after that, so a report is never read as one of a task given up.
 */
import type { Client } from '../client/index.ts';
import { isPassing, nameKey, SignalboxError, type Event } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Say } from './progress.ts';

const AGAIN_MS = 1_000;
/** The most that one message may name; more are only possible after long trouble. */
const HOLDING_MAX = 16;

export interface SessionPorts {
  client: Client;
  clock: Clock;
  say: Say;
  agent: string;
  url: string;
  capabilities: string[];
  /** The only ones that it works on; undefined: any. */
  repositories?: string[] | undefined;
  /** Called when the first beat was answered: then no offer was asked for, and none comes. */
  onProved?: (() => void) | undefined;
  /** The session of an earlier run, which this process goes on with. */
  sessionId: string | undefined;
  saveSessionId: (sessionId: string) => Promise<void>;
  /** The tasks that are in hand or whose report is on its way. */
  holding: () => string[];
  onEvent: (event: Event) => void;
  /** The hub knows us again. `taskId`: an offer that waits, or the task in hand. */
  onJoined: (taskId: string | null) => void;
  /** There is no use in trying again. */
  onRefused: (error: SignalboxError) => void;
}

export class Session {
  readonly #ports: SessionPorts;
  #sessionId: string | undefined;
  #joining: AbortController | undefined;
  #cancelBeat: (() => void) | undefined;
  #isChecked = false;
  #isFollowing = false;
  /** What the hub thought in hand at the last beat, and we knew nothing of. */
  #unknownTaskId: string | null = null;
  #isDraining = false;
  /** The hub is gone and that was said; each new try is not worth a word. */
  #isLost = false;
  #isOver = false;
  readonly #stopListening: () => void;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#sessionId = ports.sessionId;
    this.#stopListening = ports.client.onState((state, error) => {
      if (this.#isOver) return;
      if (state === 'connected') void this.#join();
      if (state === 'disconnected') this.#disconnected(error);
      if (state === 'ended') this.#refused(error ?? new SignalboxError('unavailable', 'Closed.'));
    });
  }

  /** Takes no more offers, also after the next welcome. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#tell('drain');
  }

  /** Takes offers again. */
  async undrain(): Promise<void> {
    this.#isDraining = false;
    await this.#join();
  }

  /** Tells the hub once more what is in hand; what it thinks we hold beyond that goes back. */
  async resync(): Promise<void> {
    if (!this.#isOver) await this.#join();
  }

  /** Ends the session at the hub where it can be reached, and here in any case. */
  async leave(): Promise<void> {
    this.close();
    await this.#tell('disconnect');
  }

  close(): void {
    this.#isOver = true;
    this.#stopListening();
    this.#joining?.abort();
    this.#cancelBeat?.();
  }

  #disconnected(error: SignalboxError | undefined): void {
    this.#joining?.abort();
    this.#cancelBeat?.();
    if (this.#isLost) return;
    this.#isLost = true;
    this.#ports.say({ kind: 'disconnected', error });
  }

  #refused(error: SignalboxError): void {
    this.close();
    this.#ports.onRefused(error);
  }

  /** An older attempt to join would name what was in hand then, so it is called off. */
  async #join(): Promise<void> {
    const { client, capabilities, repositories, holding, say, agent, url, onProved } = this.#ports;
    this.#joining?.abort();
    this.#cancelBeat?.();
    const joining = new AbortController();
    this.#joining = joining;
    const known = this.#sessionId === undefined ? {} : { sessionId: this.#sessionId };
    try {
      await this.#checkName(joining.signal);
      const takesOffers = onProved === undefined;
      const held = { holding: holding().slice(0, HOLDING_MAX) };
      const input = { capabilities, repositories, takesOffers, ...held };
      const answer = client.agent.connect({ ...input, ...known }, { signal: joining.signal });
      const { sessionId, beatMs, cursor, taskId } = await answer;
      await this.#remember(sessionId);
      if (joining.signal.aborted) return;
      this.#isLost = false;
      say({ kind: 'connected', agent, sessionId, url });
      this.#follow(cursor);
      if (onProved === undefined) this.#beatLater(beatMs);
      else await this.#prove(sessionId, onProved);
      if (this.#isDraining) void this.#tell('drain');
      this.#ports.onJoined(taskId);
    } catch (error) {
      if (!joining.signal.aborted) this.#notJoined(error);
    }
  }

  /** The hub goes by the token; under another name we would take the place of somebody else. */
  async #checkName(signal: AbortSignal): Promise<void> {
    if (this.#isChecked) return;
    const { client, agent } = this.#ports;
    const { name } = await client.hub.whoami({}, { signal });
    if (nameKey(name) !== nameKey(agent)) {
      throw new SignalboxError('forbidden', `The token is that of ${name}, not of ${agent}.`, {
        hint: `Give --name ${name}, or make a token: signalbox token create --agent ${agent}`,
      });
    }
    this.#isChecked = true;
  }

  #notJoined(error: unknown): void {
    const { clock, say } = this.#ports;
    if (error instanceof SignalboxError && !isPassing(error)) return this.#refused(error);
    say({ kind: 'trouble', message: 'The hub did not take this agent; trying again.', error });
    this.#cancelBeat = clock.after(AGAIN_MS, () => void this.#join());
  }

  async #remember(sessionId: string): Promise<void> {
    if (sessionId === this.#sessionId) return;
    this.#sessionId = sessionId;
    try {
      await this.#ports.saveSessionId(sessionId);
    } catch (error) {
      this.#ports.say({ kind: 'trouble', message: 'The session could not be saved.', error });
    }
  }

  /** The feed goes on by itself over broken wires; it ends only when its cursor is gone. */
  #follow(after: number): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    this.#ports.client.subscribe({
      after,
      filter: { mine: true },
      onEvent: (event) => this.#ports.onEvent(event),
      onEnd: (error) => {
        this.#isFollowing = false;
        if (error !== undefined && !this.#isOver) void this.#join();
      },
    });
  }

  #beatLater(beatMs: number): void {
    this.#cancelBeat?.();
    this.#cancelBeat = this.#ports.clock.after(beatMs, () => void this.#beat(beatMs));
  }

  async #prove(sessionId: string, onProved: () => void): Promise<void> {
    await this.#ports.client.agent.heartbeat({ sessionId });
    onProved();
  }

  /** The next beat does not wait for this one's answer: a slow hub is no dead agent. */
  async #beat(beatMs: number): Promise<void> {
    this.#beatLater(beatMs);
    if (this.#sessionId === undefined) return;
    const { client } = this.#ports;
    const input = { sessionId: this.#sessionId };
    try {
      const { taskId } = await client.agent.heartbeat(input, { timeoutMs: beatMs });
      await this.#compare(taskId);
    } catch (error) {
      const isReplaced = error instanceof SignalboxError && error.code === 'conflict';
      if (isReplaced && !this.#isOver) await this.#join();
    }
  }

  /**
   * An answer that got lost can leave the hub waiting for ever for a task that nobody here knows.
   * One beat proves nothing, because an offer or a report may be on its way; the second does.
   */
  async #compare(taskId: string | null): Promise<void> {
    const isKnown = taskId === null || this.#ports.holding().includes(taskId);
    const isSecond = !isKnown && taskId === this.#unknownTaskId;
    this.#unknownTaskId = isKnown || isSecond ? null : taskId;
    if (!isSecond || this.#isOver) return;
    this.#ports.say({ kind: 'forgotten', taskId });
    await this.#join();
  }

  async #tell(operation: 'drain' | 'disconnect'): Promise<void> {
    if (this.#sessionId === undefined) return;
    const { client, say } = this.#ports;
    try {
      await client.agent[operation]({ sessionId: this.#sessionId }, { timeoutMs: AGAIN_MS });
    } catch (error) {
      const isOfNoUse = error instanceof SignalboxError && error.code !== 'unavailable';
      if (!isOfNoUse) return;
      say({ kind: 'trouble', message: `The hub refused agent.${operation}.`, error });
    }
  }
}
