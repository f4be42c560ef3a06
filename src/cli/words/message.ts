/** Messages as a terminal shows them. What others wrote is data: indented, and made harmless. */
import type { InboxItem, Message } from '../../contract/index.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { indented } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import { recipientWord } from '../agent/recipient.ts';
import { timeInWords } from './time.ts';

/** A line that says what it is, and the text below it. */
export function messageLines(output: Output, message: Message, nowMs: number): string[] {
  const { id, from, to, type, createdAtMs, thread, isSignal } = message;
  const marks = [
    isSignal ? output.paint('yellow', 'signal') : undefined,
    thread === null ? undefined : `in ${harmlessLine(thread)}`,
    message.replyTo === null ? undefined : `answers ${message.replyTo}`,
  ].filter((mark) => mark !== undefined);
  const head = [
    output.paint('dim', id),
    output.paint('cyan', type),
    `${from} → ${recipientWord(to)}`,
    output.paint('dim', timeInWords(createdAtMs, nowMs)),
    ...marks,
  ];
  return [head.join('  '), ...bodyLines(message)];
}

function bodyLines({ text, data }: Message): string[] {
  const body = text === '' ? [] : indented(harmless(text).trimEnd());
  const beside = data === null ? [] : indented(harmlessLine(JSON.stringify(data)));
  return [...body, ...beside];
}

export function itemLines(output: Output, item: InboxItem, nowMs: number): string[] {
  const [head = '', ...rest] = messageLines(output, item.message, nowMs);
  const again = item.isRedelivered ? `  ${output.paint('yellow', 'again')}` : '';
  return [`${head}${again}`, ...rest];
}
