/**
 * A notice as it is sent: the event in the form that its receiver understands, signed.
 *
 * Text of agents is data. In the forms for people it stands as plain text: nothing in it mentions
 * anybody, makes a link of other words, or goes on to a second line.
 */
import { eventInWords } from '../contract/event-words.ts';
import type { Event, WebhookShape } from '../contract/index.ts';
import { signatures } from './signature.ts';

export interface Request {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface Notice {
  /** The same at each try. */
  id: string;
  url: string;
  shape: WebhookShape;
  /** The present one first. */
  secrets: readonly string[];
  content: Content;
}

/** An event, or what `webhook.test` sends, which is none. */
export type Content = { event: Event } | { test: { webhook: string; actor: string; atMs: number } };

export function requestOf(notice: Notice, nowMs: number): Request {
  const { id, url, shape, secrets, content } = notice;
  const { body, headers } = forms[shape](content);
  const timestampS = Math.floor(nowMs / 1_000);
  return {
    url,
    body,
    headers: {
      ...headers,
      'user-agent': 'Signalbox',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signatures({ id, timestampS, body }, secrets),
    },
  };
}

type Form = (content: Content) => Pick<Request, 'headers' | 'body'>;

const JSON_TYPE = { 'content-type': 'application/json' };
/** Leaves room for what escaping adds: a message of Discord holds 2,000 characters. */
const SENTENCE_CHARS_MAX = 900;

const forms: Record<WebhookShape, Form> = {
  standard: (content) => ({ headers: JSON_TYPE, body: JSON.stringify(standard(content)) }),
  slack: (content) => ({
    headers: JSON_TYPE,
    body: JSON.stringify({ text: forSlack(sentence(content)) }),
  }),
  discord: (content) => ({
    headers: JSON_TYPE,
    body: JSON.stringify({
      content: forDiscord(sentence(content)),
      allowed_mentions: { parse: [] },
    }),
  }),
  ntfy: (content) => ({
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headOf(content) },
    body: sentence(content),
  }),
};

function standard(content: Content): object {
  if ('event' in content) {
    const { event } = content;
    return { type: event.type, timestamp: new Date(event.atMs).toISOString(), data: event };
  }
  const { atMs, ...data } = content.test;
  return { type: 'webhook.test', timestamp: new Date(atMs).toISOString(), data };
}

/** `task.dead tsk_…: failed, the tests do not pass` */
function sentence(content: Content): string {
  if ('test' in content) return `webhook.test ${content.test.webhook}: notices arrive here`;
  const { event } = content;
  const words = eventInWords(event);
  const text = plain(`${event.type} ${event.subject}${words === '' ? '' : `: ${words}`}`);
  const signs = Array.from(text);
  if (signs.length <= SENTENCE_CHARS_MAX) return text;
  return `${signs.slice(0, SENTENCE_CHARS_MAX).join('')}…`;
}

/** One line, without signs that nobody sees or that turn the direction of writing around. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
}

/** What Slack's own documentation asks for; it leaves nothing that could be a mention or a link. */
function forSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function forDiscord(text: string): string {
  return text.replaceAll(/[\\*_~`|<>[\]()#@]/g, (sign) => `\\${sign}`);
}

/** Header fields hold ASCII: nothing that an agent wrote stands here. */
function headOf(content: Content): Record<string, string> {
  const type = 'event' in content ? content.event.type : 'webhook.test';
  const isUrgent = /\.(dead|failed|awaiting|paused)$/.test(type);
  return { title: type, priority: isUrgent ? 'high' : 'default', tags: type.split('.')[0] ?? type };
}
