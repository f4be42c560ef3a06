/** Messages, who is there, and why something waits. */
import { z } from 'zod';
import type { Input } from '../contract/index.ts';
import { quoted, short } from './quoted.ts';
import { type Ask, READS, tool, WRITES } from './tool.ts';

export const sendMessage = tool({
  name: 'send_message',
  title: 'Send a message',
  description: 'To an agent, #channel, @team or everyone.',
  input: z.strictObject({
    to: z.string(),
    text: z.string(),
    type: z.string().optional(),
    is_signal: z.boolean().default(false).describe('it must be acknowledged'),
    reply_to: z.string().optional().describe('message id'),
  }),
  annotations: WRITES,
  async run(ask, { to, text, type, is_signal: isSignal, reply_to: replyTo }) {
    const answer = await ask('message.send', { to: recipient(to), text, type, isSignal, replyTo });
    const people = answer.recipients === 1 ? '1 recipient' : `${answer.recipients} recipients`;
    const brief = { id: answer.id, recipients: answer.recipients };
    return { text: `Sent as ${answer.id} to ${people}.`, brief, data: answer };
  },
});

function recipient(to: string): Input<'message.send'>['to'] {
  if (to === 'everyone') return { everyone: true };
  if (to.startsWith('#')) return { channel: to.slice(1) };
  if (to.startsWith('@')) return { team: to.slice(1) };
  return { agent: to };
}

const TEXT_CHARS = 4_000;

export const checkInbox = tool({
  name: 'check_inbox',
  title: 'Look at your inbox',
  description: 'What waits for you. Give back the ids you have dealt with.',
  input: z.strictObject({
    acknowledge: z.array(z.string()).max(100).default([]).describe('message ids'),
    limit: z.int().min(1).max(50).default(10),
  }),
  annotations: WRITES,
  async run(ask, { acknowledge, limit }) {
    if (acknowledge.length > 0) await ask('message.ack', { ids: acknowledge });
    const page = await ask('message.read', { limit });
    const shown = page.items.map(({ message: { id, from, type, thread, text, data } }) => {
      const extra = data === null ? '' : `\n${JSON.stringify(data)}`;
      const cut = `signalbox message show ${id}`;
      return quoted('message', { id, from, type, thread }, short(text + extra, TEXT_CHARS, cut));
    });
    const left = page.pending - page.items.length;
    const next = 'Acknowledge them with check_inbox when you have dealt with them.';
    const more = left > 0 ? [`${left} more wait.`] : [];
    const mail = shown.length === 0 ? [] : [...shown, ...more, next];
    const lines = [...mail, ...(await newPosts(ask, limit))];
    const text = lines.length === 0 ? 'Nothing waits.' : lines.join('\n');
    const ids = page.items.map(({ message }) => message.id);
    const brief = { ids, pending: page.pending };
    return { text, brief, data: { items: page.items, pending: page.pending } };
  },
});

/** What came in the agent's channels, once: nobody waits for an acknowledgement there. */
async function newPosts(ask: Ask, limit: number): Promise<string[]> {
  const { items, isMore } = await ask('channel.unread', { limit });
  const shown = items.map(({ channel, message: { id, from, type, text } }) => {
    const cut = `signalbox channel read ${channel}`;
    const about = { id, from, type, channel: `#${channel}` };
    return quoted('message', about, short(text, TEXT_CHARS, cut));
  });
  const ends = new Map(items.map(({ channel, cursor }) => [channel, cursor]));
  for (const [name, upTo] of ends) await ask('channel.seen', { name, upTo });
  return isMore ? [...shown, 'More was posted: check_inbox again.'] : shown;
}

export const why = tool({
  name: 'why',
  title: 'Why it waits',
  description: 'What a task, lock, change, message or agent waits for, and what frees it.',
  input: z.strictObject({ id: z.string().describe('its id, or an agent’s name') }),
  annotations: READS,
  async run(ask, { id }) {
    const answer = await ask('why', { id });
    const facts = answer.facts.slice(0, 10).map(({ fact, frees }) => `- ${fact}. ${frees}`);
    const about = { from: 'log', id };
    const text = quoted('message', about, [answer.summary, ...facts].join('\n'));
    return { text, brief: { kind: answer.kind, state: answer.state }, data: answer };
  },
});

const LISTED = 50;

/** Without it nobody knows to whom a message can be sent, or who might do a task. */
export const listAgents = tool({
  name: 'list_agents',
  title: 'Who is here',
  description: 'Names of the agents, and what they do.',
  input: z.strictObject({}),
  annotations: READS,
  async run(ask) {
    const page = await ask('agent.list', { limit: LISTED });
    const lines = page.items.map(({ name, state, taskId, capabilities }) => {
      const can = capabilities.length === 0 ? '' : `, can ${capabilities.join(' ')}`;
      return `${name}: ${state}${taskId === null ? '' : ` on ${taskId}`}${can}`;
    });
    const text = lines.length === 0 ? 'Nobody is known yet.' : lines.join('\n');
    const names = page.items.map(({ name }) => name);
    return { text, brief: { names }, data: { agents: page.items } };
  },
});
