/** How far messages got, and what is done about those that got nowhere. */
import type { Delivery, Message } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { indented, table } from '../terminal/layout.ts';
import { messageLines } from '../words/message.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { speaker } from '../place/speaker.ts';
import { counted, timeInWords } from '../words/time.ts';

export async function showMessage(context: Context): Promise<void> {
  const { output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const shown = await hub.message.show({ id: theOne(context) });
  const nowMs = clock.nowMs();
  const ladders = (): string[] =>
    shown.deliveries.flatMap((delivery) => ['', ...ladder(delivery, nowMs)]);
  output.give(shown, () => [...messageLines(output, shown.message, nowMs), ...ladders()]);
}

/** Each rung that was reached, with when. */
function ladder(delivery: Delivery, nowMs: number): string[] {
  const rungs = [
    ['stored', delivery.storedAtMs],
    ['offered', delivery.offeredAtMs],
    ['seen', delivery.seenAtMs],
    ['acked', delivery.ackedAtMs],
    ['answered', delivery.answeredAtMs],
  ] as const;
  const reached = rungs.flatMap(([rung, atMs]) =>
    atMs === null ? [] : [`${rung.padEnd(9)} ${timeInWords(atMs, nowMs)}`],
  );
  const reason = delivery.reason === null ? '' : `: ${harmlessLine(delivery.reason)}`;
  return [
    `${delivery.recipient} (${delivery.state}${reason})`,
    ...reached.flatMap((line) => indented(line)),
  ];
}

export async function listMessages(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const page = await hub.message.list({
    ...pageOf(options),
    from: options.text('from'),
    to: options.text('to'),
    channel: options.text('channel'),
    thread: options.text('thread'),
    type: options.text('type'),
    search: options.text('search'),
  });
  const nowMs = clock.nowMs();
  const lines = (message: Message): string[] => messageLines(output, message, nowMs);
  output.give(page, () =>
    page.items.length === 0
      ? ['No messages.']
      : [...page.items.flatMap(lines), ...nextPage(page, 'message list')],
  );
}

export async function ackMessages(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const answer = await hub.message.ack({ ids: [...context.args] });
  context.output.give(answer, () => [`${counted(answer.count, 'message')} acknowledged`]);
}

export async function listDead(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const page = await hub.message.dead(pageOf(options));
  type Dead = (typeof page.items)[number];
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ message }: Dead) => message.id },
    { title: 'TYPE', text: ({ message }: Dead) => message.type },
    { title: 'FROM', text: ({ message }: Dead) => message.from },
    { title: 'FOR', text: ({ delivery }: Dead) => delivery.recipient },
    { title: 'SENT', text: ({ message }: Dead) => timeInWords(message.createdAtMs, nowMs) },
    { title: 'WHY', text: ({ delivery }: Dead) => harmlessLine(delivery.reason ?? '-') },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No dead letters.']
      : [...table(output, columns, page.items), ...nextPage(page, 'message dead')],
  );
}

export async function redriveMessage(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const recipient = context.options.text('recipient');
  const answer = await hub.message.redrive({ id: theOne(context), recipient });
  const words = `${counted(answer.count, 'delivery', 'deliveries')} put back`;
  context.output.give(answer, () => [words]);
}
