/**
 * One folder whose agent lives on files: what the hub has for it is written there.
 *
 *   on the hub's disk ─► pulse_inbox/x.md ─► its reader moves it ─► .processed/x.md: acknowledged
 *                                                               or ─► .failed/x.md: a dead letter
 *
 * Nothing is kept on disk beside the files. What waits at the hub and is in none of the folders is
 * written; what waits and lies in `.processed/` is acknowledged. So a bridge that was killed
 * anywhere begins with a look at both sides and goes on. The name of a file comes from its message,
 * and its head names the message, so that what was written is found again.
 */
import { limits, nameKey, SignalboxError, type InboxItem } from '../contract/index.ts';
import type { Client } from '../client/index.ts';
import type { Clock } from '../core/clock.ts';
import { setAside, withInbox, type Inbox } from './inbox.ts';
import type { Say } from './progress.ts';
import { isAnswer } from './trouble.ts';
import { reasonOf, write } from './written.ts';

export interface OutwardOptions {
  agent: string;
  path: string;
  client: Client;
  clock: Clock;
  say: Say;
  stop: AbortSignal;
  /** Both sides are compared anew after so long. */
  recheckMs: number;
  isHeld: () => boolean;
}

/** A message whose file was written and not yet moved by its reader. */
interface Waiting {
  id: string;
  file: string;
  cursor: number;
  receipt: string;
  /** Since when its file is in none of the folders. */
  missingSinceMs: number | undefined;
}

export class Outward {
  readonly #options: OutwardOptions;
  readonly #waiting = new Map<string, Waiting>();
  /** What is new at the hub comes after it. */
  #cursor = 0;
  #comparedMs: number | undefined;

  constructor(options: OutwardOptions) {
    this.#options = options;
  }

  /** Compares both sides at the next round. */
  compare(): void {
    this.#comparedMs = undefined;
  }

  async round(): Promise<void> {
    const { path, clock, recheckMs, isHeld } = this.#options;
    await withInbox(path, async (inbox) => {
      if (!isHeld()) return;
      await this.#settle(inbox);
      const nowMs = clock.nowMs();
      if (this.#comparedMs === undefined || nowMs - this.#comparedMs >= recheckMs) {
        await this.#compare(inbox);
        await this.#settle(inbox);
        this.#comparedMs = nowMs;
      } else {
        await this.#fetch(inbox, () => {});
      }
    });
  }

  /** Looks where the files went. */
  async #settle(inbox: Inbox): Promise<void> {
    const there = new Set(await inbox.main.names());
    const acked: Waiting[] = [];
    for (const waiting of this.#waiting.values()) {
      if (there.has(waiting.file)) waiting.missingSinceMs = undefined;
      else if (await inbox.processed.look(waiting.file)) acked.push(waiting);
      else if (await inbox.failed.look(waiting.file)) await this.#fail(inbox, waiting);
      else this.#miss(waiting);
    }
    await this.#ack(inbox, acked);
  }

  /** Another machine's move may be seen by halves for as long as NFS remembers. */
  #miss(waiting: Waiting): void {
    const { clock, recheckMs } = this.#options;
    waiting.missingSinceMs ??= clock.nowMs();
    // Then it is taken up anew, which writes it where it still is nowhere.
    if (clock.nowMs() - waiting.missingSinceMs < recheckMs) return;
    this.#waiting.delete(waiting.id);
    this.compare();
  }

  async #ack({ processed }: Inbox, acked: Waiting[]): Promise<void> {
    const { client, agent, say, stop } = this.#options;
    if (acked.length > 0) await processed.sync();
    for (let at = 0; at < acked.length; at += limits.ackMax) {
      const part = acked.slice(at, at + limits.ackMax);
      await client.message.ack({ ids: part.map(({ id }) => id) }, { signal: stop });
      for (const { id, file } of part) {
        this.#waiting.delete(id);
        say({ kind: 'acked', agent, id, file });
      }
    }
  }

  /** Afterwards the file has another name, so that a letter that is put back is written anew. */
  async #fail({ failed }: Inbox, { id, file, receipt }: Waiting): Promise<void> {
    const { client, agent, say, stop } = this.#options;
    const reason = await reasonOf(failed, file);
    try {
      await client.message.term({ id, receipt, reason }, { signal: stop });
    } catch (error) {
      if (!(error instanceof SignalboxError) || !isAnswer(error)) throw error;
      // Its receipt is an older one, or it has ended: the next look at the hub tells.
      this.#waiting.delete(id);
      return this.compare();
    }
    this.#waiting.delete(id);
    await failed.move(file, failed, file.replace(/\.md$/, '.dead.md'));
    say({ kind: 'failed', agent, id, file, reason });
  }

  /** Everything that waits at the hub against everything that waits here. */
  async #compare(inbox: Inbox): Promise<void> {
    const known = new Map(this.#waiting);
    const pending = new Set<string>();
    this.#cursor = 0;
    const isWhole = await this.#fetch(inbox, (item) => pending.add(item.message.id));
    for (const waiting of known.values()) {
      const isLookedAt = isWhole || waiting.cursor <= this.#cursor;
      if (isLookedAt && !pending.has(waiting.id)) await this.#withdraw(inbox, waiting);
    }
  }

  /** Takes what is new, page by page, while there is room in the folder; true: there is no more. */
  async #fetch(inbox: Inbox, onItem: (item: InboxItem) => void): Promise<boolean> {
    const { client, stop, isHeld } = this.#options;
    for (;;) {
      const room = limits.bridgeWaitingMax - this.#waiting.size;
      const hasRoom = room > 0 || this.#cursor < this.#lastCursor();
      if (!hasRoom || stop.aborted || !isHeld()) return false;
      const asked = { after: this.#cursor, limit: limits.bridgePageMax };
      const { items, nextCursor } = await client.message.read(asked, { signal: stop });
      for (const item of items) {
        onItem(item);
        if (await this.#place(inbox, item)) this.#cursor = item.cursor;
        else return false;
      }
      if (items.length === 0) {
        this.#cursor = Math.max(this.#cursor, nextCursor);
        return true;
      }
    }
  }

  #lastCursor(): number {
    return Math.max(0, ...Array.from(this.#waiting.values(), ({ cursor }) => cursor));
  }

  /** False where there is no room for it now. */
  async #place(inbox: Inbox, item: InboxItem): Promise<boolean> {
    const { agent, say } = this.#options;
    const { cursor, receipt, message } = item;
    const old = this.#waiting.get(message.id);
    if (old !== undefined) {
      old.receipt = receipt;
      old.cursor = cursor;
      return true;
    }
    if (this.#waiting.size >= limits.bridgeWaitingMax) return false;
    const { file, isWritten } = await write(inbox, item, agent);
    const { id } = message;
    this.#waiting.set(id, { id, file, cursor, receipt, missingSinceMs: undefined });
    if (isWritten) say({ kind: 'written', agent, id, file });
    return true;
  }

  /** It was acknowledged elsewhere, or has ended: nobody should work on it any more. */
  async #withdraw(inbox: Inbox, { id, file }: Waiting): Promise<void> {
    const { agent, say } = this.#options;
    const state = await this.#stateOf(id);
    // In somebody's hands, or to be handed out later: it may come back.
    if (state === 'leased' || state === 'pending') return;
    this.#waiting.delete(id);
    if ((await inbox.main.look(file)) === undefined) return;
    const reason = `${id} is ${state} at the hub.`;
    if (state === 'acked') await inbox.main.move(file, inbox.processed);
    else {
      const refusal = new SignalboxError('conflict', reason, { hint: 'Nothing is left to do.' });
      const as = file.replace(/\.md$/, '.ended.md');
      await setAside(inbox, { from: inbox.main, name: file, refusal, as });
    }
    say({ kind: 'withdrawn', agent, id, file, reason });
  }

  async #stateOf(id: string): Promise<string> {
    const { client, agent, stop } = this.#options;
    const { deliveries } = await client.message.show({ id }, { signal: stop });
    const own = deliveries.find(({ recipient }) => nameKey(recipient) === nameKey(agent));
    return own?.state ?? 'not here any more';
  }
}
