/**
 * Making webhooks and trying them. A secret is printed alone on stdout, so that it can go straight
 * to where it belongs.
 */
import {
  errorTable,
  EventType,
  type Output as Reply,
  SignalboxError,
  type Webhook,
  WebhookShape,
} from '../../contract/index.ts';
import { lengthInWords } from '../../contract/length.ts';
import type { Context } from '../context.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { fields, table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { stateColour, stateText, stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function addWebhook(context: Context): Promise<void> {
  const { options } = context;
  const types = options.list('event');
  const input = {
    url: theOne(context),
    events: types.length === 0 ? undefined : types.map(eventType),
    subject: options.text('subject'),
    shape: options.choice('shape', WebhookShape.options),
    secret: await secretOf(context),
  };
  const hub = await context.hub();
  giveSecret(context, await hub.webhook.add(input));
}

function eventType(word: string): EventType {
  const type = EventType.options.find((one) => one === word);
  if (type !== undefined) return type;
  const noun = word.split('.')[0] ?? '';
  const near = EventType.options.filter((one) => one.startsWith(`${noun}.`));
  throw new SignalboxError('invalid_input', `--event does not take \`${word}\`.`, {
    hint: `Give one of: ${(near.length === 0 ? EventType.options : near).join(', ')}.`,
  });
}

async function secretOf({ options, readStdin }: Context): Promise<string | undefined> {
  const secret = options.text('secret');
  return secret === '-' ? (await readStdin()).trim() : secret;
}

export async function rotateWebhook(context: Context): Promise<void> {
  const input = { graceMs: context.options.durationMs('grace'), secret: await secretOf(context) };
  const hub = await context.hub();
  giveSecret(context, await hub.webhook.rotate({ id: theOne(context), ...input }));
}

function giveSecret({ output, clock }: Context, answer: Reply<'webhook.add'>): void {
  const { webhook, secret } = answer;
  output.give(answer, () => [secret]);
  if (output.isJson) return;
  const { id, url, oldSecretUntilMs: untilMs } = webhook;
  const end = untilMs === null ? '' : timeInWords(untilMs, clock.nowMs());
  const old = end === '' ? '' : ` The old secret signs too; it ends ${end}.`;
  output.note(`${id} to ${harmlessLine(url)}. Its secret is shown this once.${old}`, 'note');
  output.note(`signalbox webhook test ${id}`, 'hint');
}

export async function listWebhooks(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const page = await hub.webhook.list(pageOf(options));
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: Webhook) => id },
    {
      title: 'STATE',
      text: ({ state }: Webhook) => stateText(output, state),
      dress: (text: string, { state }: Webhook) => output.paint(stateColour(state), text),
    },
    { title: 'SHAPE', text: ({ shape }: Webhook) => shape },
    { title: 'MADE', text: ({ createdAtMs }: Webhook) => timeInWords(createdAtMs, nowMs) },
    { title: 'URL', text: ({ url }: Webhook) => harmlessLine(url) },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No webhooks yet: signalbox webhook add https://…']
      : [...table(output, columns, page.items), ...nextPage(page, 'webhook list')],
  );
}

export async function showWebhook(context: Context): Promise<void> {
  const { output, clock } = context;
  const hub = await context.hub();
  const answer = await hub.webhook.show({ id: theOne(context) });
  const { webhook, pending, dead } = answer;
  const { reason, oldSecretUntilMs: untilMs } = webhook;
  const nowMs = clock.nowMs();
  output.give(answer, () => [
    `${stateWord(output, webhook.state)}  ${webhook.id}`,
    ...fields(output, [
      ['reason', reason === null ? undefined : harmlessLine(reason)],
      ['url', harmlessLine(webhook.url)],
      ['shape', webhook.shape],
      ['events', webhook.events?.join(' ') ?? 'all'],
      ['subject', webhook.subject === null ? undefined : harmlessLine(webhook.subject)],
      ['made', `${timeInWords(webhook.createdAtMs, nowMs)} by ${webhook.creator}`],
      ['pending', String(pending)],
      ['dead', String(dead)],
      ['old secret', untilMs === null ? undefined : `ends ${timeInWords(untilMs, nowMs)}`],
    ]),
  ]);
}

/** Ends with a code of its own where the notice did not arrive, so that a script can go by it. */
export async function testWebhook(context: Context): Promise<number> {
  const { output } = context;
  const hub = await context.hub();
  const answer = await hub.webhook.test({ id: theOne(context) });
  const { isDelivered, status, durationMs, reason } = answer;
  const took = lengthInWords(durationMs);
  const body = answer.answer === '' ? [] : ['', harmless(answer.answer).trimEnd()];
  const words = isDelivered ? `arrived: ${status} after ${took}` : `not arrived: ${reason}`;
  output.give(answer, () => [harmlessLine(words), ...body]);
  return isDelivered ? 0 : errorTable.unavailable.exit;
}

export async function pauseWebhook(context: Context): Promise<void> {
  const hub = await context.hub();
  const reason = context.options.text('reason');
  giveState(context, await hub.webhook.pause({ id: theOne(context), reason }));
}

export async function resumeWebhook(context: Context): Promise<void> {
  const hub = await context.hub();
  const fromNow = context.options.has('fromNow');
  giveState(context, await hub.webhook.resume({ id: theOne(context), fromNow }));
}

function giveState({ output }: Context, webhook: Webhook): void {
  output.give(webhook, () => [`${webhook.id}  ${stateWord(output, webhook.state)}`]);
}

export async function removeWebhook(context: Context): Promise<void> {
  const hub = await context.hub();
  const answer = await hub.webhook.remove({ id: theOne(context) });
  context.output.give(answer, () => [`${answer.id} is removed: nothing more is sent`]);
}
