/**
 * One folder whose agent lives on the hub: what others drop there is sent to it.
 *
 *   closer_inbox/x.md ─► .sending/x.md ─► on the hub's disk ─► .processed/x.md
 *                                                      or ─► .failed/x.md and x.md.reason.md
 *
 * A file is taken when it has looked the same for a while. It is moved to `.sending/` before it is
 * sent and leaves when the hub has answered, so after a crash only what lies there is in doubt. Its
 * key is made of the file itself and travels in the message, so a second try within a day is
 * known by its key, and a later one is found in the hub's history.
 *
 * Files go out in the order of their names, one after the other for each sender and thread.
 */
import { limits, SignalboxError } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Client } from '../client/index.ts';
import { isErrno } from './errno.ts';
import { isSame, type Look } from './folder.ts';
import { setAside, withInbox, type Inbox } from './inbox.ts';
import { draftOf, type Draft, type Senders } from './draft.ts';
import { findSent } from './history.ts';
import type { Say } from './progress.ts';
import { grown, notAFile, tooLarge, unfinished, unreadable } from './refusals.ts';
import { isAnswer } from './trouble.ts';

export interface InwardOptions {
  agent: string;
  path: string;
  senders: Senders;
  clientFor: (sender: string) => Promise<Client>;
  clock: Clock;
  say: Say;
  stop: AbortSignal;
  /** A file that has looked the same for so long is whole. */
  settleMs: number;
  /** One that is not whole after this stays so. */
  patienceMs: number;
  isHeld: () => boolean;
}

interface Seen {
  look: Look;
  /** Since when it looks so, and since when it is there at all. */
  sinceMs: number;
  firstMs: number;
}

/** Names that are never taken: hidden ones, and those that say that they are not finished. */
const UNFINISHED = /^\.|\.(tmp|part)(\.md)?$/i;

export class Inward {
  readonly #options: InwardOptions;
  /** How each file looked, and since when. */
  #looks = new Map<string, Seen>();
  /** When a file in `.sending/` was first tried by this process. */
  readonly #tried = new Map<string, number>();

  #hasToldName = false;

  constructor(options: InwardOptions) {
    this.#options = options;
  }

  /** One look at the folder; answers whether another is worth while soon. */
  async round(): Promise<boolean> {
    const { path, stop, isHeld } = this.#options;
    return withInbox(path, async (inbox) => {
      if (!isHeld() || !(await this.#finishBegun(inbox))) return true;
      const ready = await this.#ready(inbox);
      for (let at = 0; at < ready.length; at += limits.bridgeBatchMax) {
        if (stop.aborted || !isHeld()) return true;
        await this.#take(inbox, ready.slice(at, at + limits.bridgeBatchMax));
        if (!(await this.#finishBegun(inbox))) return true;
        this.#tell(ready.length - at - limits.bridgeBatchMax);
      }
      return this.#looks.size > 0;
    });
  }

  /** Only what was begun, for a folder that is not taken from any more; true: nothing is left. */
  async finish(): Promise<boolean> {
    return withInbox(this.#options.path, (inbox) => this.#finishBegun(inbox));
  }

  #tell(waiting: number): void {
    const { agent, say } = this.#options;
    if (waiting > 0) say({ kind: 'progress', agent, waiting });
  }

  /**
   * The files that have settled, in the order of their names. One that has just come may have been
   * written before those after it, whatever a listing showed first: they wait until it settles.
   */
  async #ready({ main }: Inbox): Promise<string[]> {
    const { clock, settleMs } = this.#options;
    const before = this.#looks;
    this.#looks = new Map();
    const ready: string[] = [];
    let isOpen = true;
    for (const name of await main.names()) {
      if (!name.endsWith('.md') || UNFINISHED.test(name)) continue;
      const look = await main.look(name);
      if (look === undefined) {
        this.#leave(name);
        continue;
      }
      const nowMs = clock.nowMs();
      const old = before.get(name) ?? { look, sinceMs: nowMs, firstMs: nowMs };
      const seen = isSame(old.look, look) ? old : { ...old, look, sinceMs: nowMs };
      this.#looks.set(name, seen);
      const isSettled = nowMs - seen.sinceMs >= settleMs;
      if (isSettled && isOpen) ready.push(name);
      if (!isSettled && nowMs - seen.firstMs < 2 * settleMs) isOpen = false;
    }
    return ready;
  }

  /** Gone meanwhile, or of a name that cannot be said. */
  #leave(name: string): void {
    const { agent, say } = this.#options;
    if (this.#hasToldName || !name.includes('\uFFFD')) return;
    this.#hasToldName = true;
    say({ kind: 'trouble', agent, message: NOT_UTF8 });
  }

  /** Moves what is whole to `.sending/`, and what can never be sent to `.failed/`. */
  async #take(inbox: Inbox, names: string[]): Promise<void> {
    for (const name of names) {
      const seen = this.#looks.get(name);
      if (seen === undefined) continue;
      const found = await this.#draft(inbox.main, name, seen.look);
      if (found === 'changed') this.#looks.delete(name);
      else if (found === 'unfinished' && this.#isYoung(seen.sinceMs)) continue;
      else if (found === 'unfinished') await this.#refuse(inbox, name, unfinished(name));
      else if (found instanceof SignalboxError) await this.#refuse(inbox, name, found);
      else await this.#begin(inbox, name, seen.look);
    }
    await inbox.sending.sync();
  }

  #isYoung(sinceMs: number): boolean {
    const { clock, patienceMs } = this.#options;
    return clock.nowMs() - sinceMs < patienceMs;
  }

  async #draft(folder: Inbox['main'], name: string, look: Look): Promise<Draft | Unfit> {
    if (!look.isRegular) return notAFile(name);
    if (look.bytes > BigInt(limits.bridgeFileBytesMax)) return tooLarge(name, look.bytes);
    const bytes = await folder.read(name, look).catch((error: unknown) => {
      if (isErrno(error, 'EACCES', 'EPERM')) return unreadable(name, error);
      throw error;
    });
    if (bytes instanceof SignalboxError) return bytes;
    if (bytes === undefined) return 'changed';
    return draftOf({ name, look, bytes, agent: this.#options.agent }, this.#options.senders);
  }

  async #begin({ main, sending }: Inbox, name: string, look: Look): Promise<void> {
    const moved = await main.move(name, sending);
    this.#looks.delete(name);
    if (moved === undefined) return;
    const now = await sending.look(moved);
    if (now !== undefined && isSame(now, look)) {
      this.#tried.set(moved, this.#options.clock.nowMs());
      return;
    }
    // Somebody wrote to it in this very moment: it is not whole after all.
    await sending.move(moved, main, name);
  }

  async #refuse(inbox: Inbox, name: string, refusal: SignalboxError): Promise<void> {
    this.#looks.delete(name);
    await setAside(inbox, { from: inbox.main, name, refusal });
    const { agent, say } = this.#options;
    say({ kind: 'refused', agent, file: name, reason: refusal.message });
  }

  /** Sends what lies in `.sending/`; true where nothing is left there. */
  async #finishBegun(inbox: Inbox): Promise<boolean> {
    const names = await inbox.sending.names();
    const lanes = new Map<string, { name: string; draft: Draft }[]>();
    for (const name of names) {
      const look = await inbox.sending.look(name);
      const draft = look && (await this.#draft(inbox.sending, name, look));
      if (draft === undefined || draft === 'changed') continue;
      if (draft === 'unfinished' || draft instanceof SignalboxError) {
        const refusal = draft === 'unfinished' ? unfinished(name) : draft;
        await this.#setAside(inbox, name, refusal);
        continue;
      }
      const lane = `${draft.sender}\n${draft.input.thread ?? ''}`;
      lanes.set(lane, [...(lanes.get(lane) ?? []), { name, draft }]);
    }
    const sent = Array.from(lanes.values(), (lane) => this.#sendAll(inbox, lane));
    // All have ended before a trouble of one is told: the folders are closed then.
    for (const result of await Promise.allSettled(sent)) {
      if (result.status === 'rejected') throw result.reason;
    }
    return (await inbox.sending.names()).length === 0;
  }

  async #sendAll(inbox: Inbox, lane: { name: string; draft: Draft }[]): Promise<void> {
    for (const { name, draft } of lane) {
      if (this.#options.stop.aborted) return;
      try {
        const id = await this.#send(name, draft);
        await this.#done(inbox, { name, draft, id });
      } catch (error) {
        if (!(error instanceof SignalboxError) || !isAnswer(error)) throw error;
        await this.#setAside(inbox, name, error);
      }
    }
  }

  async #send(name: string, draft: Draft): Promise<string> {
    const { clientFor, clock, stop } = this.#options;
    const client = await clientFor(draft.sender);
    const triedMs = this.#tried.get(name);
    const isInDoubt = triedMs === undefined || clock.nowMs() - triedMs >= limits.replyKeptMs / 2;
    const known = isInDoubt ? await findSent(client, draft, stop) : undefined;
    if (known !== undefined) return known;
    if (triedMs === undefined) this.#tried.set(name, clock.nowMs());
    const { id } = await client.message.send(draft.input, { key: draft.digest, signal: stop });
    return id;
  }

  async #done(inbox: Inbox, sent: { name: string; draft: Draft; id: string }): Promise<void> {
    const { name, draft, id } = sent;
    const now = await inbox.sending.look(name);
    this.#tried.delete(name);
    if (now !== undefined && !isSame(now, draft.look)) {
      return this.#setAside(inbox, name, grown(name, id));
    }
    await inbox.sending.move(name, inbox.processed);
    const { agent, say } = this.#options;
    say({ kind: 'sent', agent, id, from: draft.sender, file: name });
  }

  async #setAside(inbox: Inbox, name: string, refusal: SignalboxError): Promise<void> {
    this.#tried.delete(name);
    await setAside(inbox, { from: inbox.sending, name, refusal });
    const { agent, say } = this.#options;
    say({ kind: 'refused', agent, file: name, reason: refusal.message });
  }
}

/** Not to be sent now: it changed, it is not whole yet, or it never can be. */
type Unfit = 'changed' | 'unfinished' | SignalboxError;

const NOT_UTF8 = 'A file is left alone: its name is not UTF-8. Give it another name.';
