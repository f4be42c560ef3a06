/**
 * Memory: what agents learned, for whoever comes later.
 *
 * Three layers: _episodic_ is what happened, _working_ what this session is about, _procedural_ how
 * things are done. What is recalled is ranked by words, tags and paths that fit, then by age; the
 * same store and question give the same answer, with the score of each.
 */
import { z } from 'zod';
import { AgentName, Capability, MemoryId, RepositoryPath, text, TimeMs } from './shape.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { RepositoryUrl } from './repository.ts';

export const MemoryLayer = z.enum(['episodic', 'working', 'procedural']);
export type MemoryLayer = z.infer<typeof MemoryLayer>;

const Tags = z.array(Capability).max(limits.memoryTagsMax);
const Paths = z.array(RepositoryPath).max(limits.memoryPathsMax);
const Session = text(limits.lockSessionCharsMax);

export const Memory = z.strictObject({
  id: MemoryId,
  text: z.string(),
  layer: MemoryLayer,
  /** A word of the writer's own. */
  type: z.string(),
  tags: z.array(z.string()),
  paths: z.array(z.string()),
  repository: z.string().nullable(),
  agent: AgentName,
  session: z.string().nullable(),
  createdAtMs: TimeMs,
  /** How well it fits the question, from 0 on; 0 where nothing was asked. */
  score: z.number().min(0),
});
export type Memory = z.infer<typeof Memory>;

export const memoryOperations = {
  'memory.remember': command('memory.remember', {
    scope: 'submit',
    summary:
      'Keeps what was learned. The same of the same agent within the hour is kept once, and ' +
      'answered with the id that it has.',
    input: z.strictObject({
      text: text(limits.memoryCharsMax).regex(/\S/, 'it is empty; say what is to be remembered'),
      layer: MemoryLayer.default('episodic'),
      type: text(limits.nameCharsMax).min(1).default('NOTE'),
      tags: Tags.default([]),
      paths: Paths.default([]),
      repository: RepositoryUrl.optional(),
      session: Session.optional(),
    }),
    output: z.strictObject({ id: MemoryId, isNew: z.boolean(), createdAtMs: TimeMs }),
  }),
  'memory.recall': query('memory.recall', {
    scope: 'read',
    summary: 'What was remembered, best first; without a question the newest.',
    input: z.strictObject({
      query: text(limits.titleCharsMax * 3).optional(),
      tags: Tags.default([]),
      paths: Paths.default([]),
      layers: z.array(MemoryLayer).max(3).default([]),
      agent: AgentName.optional(),
      session: Session.optional(),
      limit: z.int().min(1).max(limits.recallMax).default(limits.recallDefault),
      /** Whole items only, until their texts would be longer than this in sum. */
      charsMax: z.int().min(1).max(limits.recallCharsMost).default(limits.recallCharsDefault),
    }),
    output: z.strictObject({
      items: z.array(Memory),
      /** What fits too, and was left out for its rank or its length. */
      left: z.int().min(0),
    }),
  }),
  'memory.forget': command('memory.forget', {
    scope: 'submit',
    summary: 'Takes back what was remembered: an agent its own, a person anything.',
    input: z.strictObject({ id: MemoryId }),
    output: z.strictObject({ id: MemoryId }),
    errors: ['not_found', 'forbidden'],
  }),
};
