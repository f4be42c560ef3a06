/**
 * Sends what webhooks carry. A round makes deliveries of new events and sends what is due; each
 * sending that ends begins the next, so a quick receiver is not held to the pace of the rounds.
 *
 * Only so many are under way at once, over all and for each webhook: a receiver that hangs holds up
 * itself and nobody else. The rounds are apart from those of the duties, so that no backlog here
 * holds up a lease there. What is under way when the hub closes is given back.
 */
import { limits, type Output, SignalboxError } from '../contract/index.ts';
import { newId } from '../core/ids.ts';
import type { Random } from '../core/random.ts';
import type { Actor, CommandContext, QueryContext } from '../domain/event/index.ts';
import { gather } from '../domain/webhook/gather.ts';
import { requireWebhook } from '../domain/webhook/operations.ts';
import { listWithDue } from '../domain/webhook/delivery-queries.ts';
import { listBehind, type WebhookRow } from '../domain/webhook/queries.ts';
import { giveBack, secretsOf, settle, take, type Taken } from '../domain/webhook/send.ts';
import { type Content, requestOf } from '../outbound/notice.ts';
import type { Answer, Send } from '../outbound/sender.ts';
import type { Store } from '../store/db.ts';
import { latestSeq } from '../store/events.ts';
import { commandContext } from './context.ts';
import { hubActor } from './duties.ts';

export interface NoticeParts {
  store: Store;
  clock: { nowMs: () => number };
  random: Random;
  send: Send;
  onDefect: (where: string, error: unknown) => void;
}

export class Notices {
  readonly #parts: NoticeParts;
  readonly #ended = new AbortController();
  readonly #sending = new Map<Promise<void>, string>();
  #tests = 0;
  #filling: Promise<void> = Promise.resolve();
  #isFilling = false;
  #isMore = false;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
  }

  async tick(): Promise<void> {
    const { store } = this.#parts;
    const behind = await listBehind(store.read, await latestSeq(store));
    for (const { id, project } of behind) await this.#gather(id, project).catch(this.#defect);
    await this.#fill();
  }

  async #gather(id: string, project: string): Promise<void> {
    let isMore = true;
    while (isMore && !this.#ended.signal.aborted) {
      isMore = await this.#inProject(project, (context) => gather(context, id));
    }
  }

  /** One notice now, by the same way, which is written down nowhere. */
  async test(context: QueryContext, id: string): Promise<Output<'webhook.test'>> {
    const webhook = await requireWebhook(context, id);
    if (this.#tests >= limits.webhookTestsMax) {
      throw new SignalboxError('rate_limited', `${this.#tests} webhooks are being tested already`, {
        retryAfterMs: 1_000,
      });
    }
    this.#tests++;
    try {
      const { actor, nowMs } = context;
      const content = { test: { webhook: id, actor: actor.name, atMs: nowMs } };
      const noticeId = newId('whd', nowMs, this.#parts.random);
      const { status, reason, durationMs, text } = await this.#post(webhook, noticeId, content);
      return { isDelivered: reason === null, status, durationMs, reason, answer: text };
    } finally {
      this.#tests--;
    }
  }

  async close(): Promise<void> {
    this.#ended.abort(new Error('the hub is closing'));
    await this.#filling.catch(() => {});
    await Promise.all(this.#sending.keys());
  }

  /** One at a time; what is asked for meanwhile is one more round. */
  async #fill(): Promise<void> {
    this.#isMore = true;
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#filling = this.#fillAll();
    await this.#filling;
  }

  async #fillAll(): Promise<void> {
    try {
      while (this.#isMore && !this.#ended.signal.aborted) {
        this.#isMore = false;
        await this.#takeDue();
      }
    } finally {
      this.#isFilling = false;
    }
  }

  async #takeDue(): Promise<void> {
    const { store, clock } = this.#parts;
    if (this.#room() === 0) return;
    for (const { id, project } of await listWithDue(store.read, clock.nowMs())) {
      const limit = Math.min(this.#room(), this.#roomOf(id));
      if (limit === 0) continue;
      const wanted = { webhookId: id, limit };
      const taken = await this.#inProject(project, (context) => take(context, wanted));
      for (const one of taken) this.#begin(one);
    }
  }

  #room(): number {
    return limits.webhookSendsMax - this.#sending.size;
  }

  #roomOf(webhookId: string): number {
    const busy = [...this.#sending.values()].filter((id) => id === webhookId).length;
    return Math.max(0, limits.webhookSendsPerHookMax - busy);
  }

  #begin(taken: Taken): void {
    const sending = this.#finish(taken)
      // Its lease ends by itself, and then it is sent again.
      .catch(this.#defect)
      .finally(() => {
        this.#sending.delete(sending);
        if (!this.#ended.signal.aborted) this.#fill().catch(this.#defect);
      });
    this.#sending.set(sending, taken.webhook.id);
  }

  async #finish(taken: Taken): Promise<void> {
    const { delivery, webhook, event } = taken;
    const answer = await this.#post(webhook, delivery.id, { event });
    const isGivenUp = this.#ended.signal.aborted && answer.reason !== null;
    await this.#inProject(webhook.project, (context) =>
      isGivenUp ? giveBack(context, taken) : settle(context, taken, answer),
    );
  }

  #post(webhook: WebhookRow, id: string, content: Content): Promise<Answer> {
    const { send, clock } = this.#parts;
    const { url, shape } = webhook;
    const nowMs = clock.nowMs();
    const notice = { id, url, shape, secrets: secretsOf(webhook, nowMs), content };
    return send(requestOf(notice, nowMs), this.#ended.signal);
  }

  /** Of one webhook or one delivery: the others go on. */
  readonly #defect = (error: unknown): void => this.#parts.onDefect('webhooks', error);

  #inProject<T>(project: string, work: (context: CommandContext) => Promise<T>): Promise<T> {
    const { store, clock, random } = this.#parts;
    const actor: Actor = hubActor(project);
    const nowMs = clock.nowMs();
    return store.transaction((tx) => work(commandContext({ tx, actor, nowMs, random })));
  }
}
