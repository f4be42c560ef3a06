/** What was learned: kept for whoever comes later. */
import { z } from 'zod';
import { MemoryLayer } from '../contract/index.ts';
import { quoted, short } from './quoted.ts';
import { READS, tool, WRITES } from './tool.ts';

const words = z.array(z.string()).max(16).default([]);

export const remember = tool({
  name: 'remember',
  title: 'Remember',
  description: 'Keep what you learned for later sessions and other agents.',
  input: z.strictObject({
    text: z.string(),
    layer: MemoryLayer.default('episodic'),
    tags: words,
    paths: words.describe('files it is about'),
  }),
  annotations: WRITES,
  async run(ask, { text, layer, tags, paths }, { holder, repository }) {
    const session = 'session' in holder ? holder.session : undefined;
    const input = { text, layer, tags, paths, session };
    const answer = await ask('memory.remember', {
      ...input,
      ...(repository === undefined ? {} : { repository }),
    });
    const said = answer.isNew ? 'Kept' : 'Known already';
    const brief = { id: answer.id, is_new: answer.isNew };
    return { text: `${said}: ${answer.id}.`, brief, data: answer };
  },
});

export const recall = tool({
  name: 'recall',
  title: 'Recall',
  description: 'What was remembered, best first. No arguments: the newest.',
  input: z.strictObject({
    query: z.string().max(500).optional(),
    tags: words,
    paths: words,
    limit: z.int().min(1).max(50).default(10),
  }),
  annotations: READS,
  async run(ask, { query, tags, paths, limit }) {
    const asked = { query: query?.trim() === '' ? undefined : query, tags, paths, limit };
    const { items, left } = await ask('memory.recall', asked);
    const shown = items.map(({ id, agent, type, text }) =>
      quoted('memory', { id, from: agent, type }, short(text, 1_000, 'cut')),
    );
    const more = left > 0 ? [`${left} more: ask more closely, or with a higher limit.`] : [];
    const none = 'Nothing is remembered about it.';
    const text = items.length === 0 ? none : [...shown, ...more].join('\n');
    return { text, brief: { ids: items.map(({ id }) => id), left }, data: { items, left } };
  },
});
