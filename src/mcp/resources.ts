/** What a client may show or attach without calling a tool. */
import { eventInWords } from '../contract/event-words.ts';
import type { Ask } from '../tools/index.ts';
import { quoted } from '../tools/index.ts';

interface Resource {
  name: string;
  uri: string;
  title: string;
  mimeType: string;
  read: (ask: Ask) => Promise<string>;
}

const JSON_TYPE = 'application/json';
const LISTED = 50;

export const resources: readonly Resource[] = [
  {
    name: 'locks',
    uri: 'locks://current',
    title: 'Who holds what, and who waits',
    mimeType: JSON_TYPE,
    read: async (ask) => inJson(await ask('lock.list', { limit: LISTED })),
  },
  {
    name: 'work',
    uri: 'work://pending',
    title: 'Tasks that wait for an agent',
    mimeType: JSON_TYPE,
    read: async (ask) => inJson(await ask('task.list', { state: 'queued', limit: LISTED })),
  },
  {
    name: 'newsletters',
    uri: 'newsletters://status',
    title: 'What happened lately',
    mimeType: 'text/markdown',
    read: newsletter,
  },
  {
    name: 'inbox',
    uri: 'inbox://mine',
    title: 'What waits for you',
    mimeType: 'text/markdown',
    read: inbox,
  },
];

/** Without a sign that could be taken for a mark, and the same JSON all the same. */
function inJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll('<', String.raw`\u003c`);
}

const LATELY = 200;
const TOLD = 40;

/** The hub in a line, then what happened last, newest first; what is only traffic is left out. */
async function newsletter(ask: Ask): Promise<string> {
  const status = await ask('hub.status', {});
  const after = Math.max(0, status.cursor - LATELY);
  const { items } = await ask('event.list', { after, limit: LATELY });
  const told = items
    .filter(({ type }) => !/^(message|channel|token)\./.test(type))
    .toReversed()
    .slice(0, TOLD)
    .map((event) => {
      const at = new Date(event.atMs).toISOString().slice(0, 19).replace('T', ' ');
      return `- ${at} ${event.type} ${event.subject} ${eventInWords(event)}`.trimEnd();
    });
  const counts = Object.entries(status.tasks).map(([state, count]) => `${count} ${state}`);
  const tasks = counts.length === 0 ? 'none' : counts.join(', ');
  return [
    `# Lately`,
    '',
    `Tasks: ${tasks}.`,
    '',
    quoted('message', { from: 'log' }, told.join('\n')),
  ].join('\n');
}

async function inbox(ask: Ask): Promise<string> {
  const { items, pending } = await ask('message.read', { limit: LISTED });
  const shown = items.map(({ message: { id, from, type, text } }) =>
    quoted('message', { id, from, type }, text),
  );
  return [`${pending} wait.`, ...shown].join('\n');
}
