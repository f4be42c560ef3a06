/**
 * Memory: what agents keep for later, and for each other.
 *
 * Three layers, one ranking: *episodic* (what happened), *working* (what a session is about) and
 * *procedural* (how things are done here). What is recalled is what somebody wrote down once: data
 * with its author beside it, never an instruction.
 *
 * The ranking can be done by hand. Of an item counts the share of the query's words that stand in
 * its text, type or tags, half the share of the tags that it has, and a half where it names one of
 * the paths, a folder above it or something below it. Among equals the newest comes first.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { MessageType } from './message.ts';
import { command, query } from './operation.ts';
import { RepositoryUrl } from './repository.ts';
import { AgentName, MemoryId, RepositoryPath, text, TimeMs } from './shape.ts';

export const MemoryLayer = z.enum(['episodic', 'working', 'procedural']);
export type MemoryLayer = z.infer<typeof MemoryLayer>;

/** A word such as `ts` or `db:postgres`; kept in lower case. */
export const MemoryTag = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+._:/-]*$/, 'a tag is one word: letters, digits and + . _ : / -')
  .toLowerCase();

const Tags = z.array(MemoryTag).max(limits.memoryTagsMax);

const Paths = z
  .array(RepositoryPath)
  .max(limits.memoryPathsMax)
  .refine((paths) => sumOf(paths) <= limits.memoryPathCharsMax, {
    error: `the paths have more than ${limits.memoryPathCharsMax} characters; name their folder`,
  });

function sumOf(texts: readonly string[]): number {
  return texts.reduce((sum, one) => sum + one.length, 0);
}

const Session = text(limits.memorySessionCharsMax).min(1);

export const MemoryItem = z.strictObject({
  id: MemoryId,
  text: z.string(),
  layer: MemoryLayer,
  type: MessageType,
  tags: z.array(z.string()),
  paths: z.array(z.string()),
  agent: AgentName,
  /** Where the paths are, if that was told. */
  repository: z.string().nullable(),
  createdAtMs: TimeMs,
  /** 0 where nothing was asked for. */
  score: z.number(),
});
export type MemoryItem = z.infer<typeof MemoryItem>;

export const memoryOperations = {
  'memory.remember': command('memory.remember', {
    scope: 'submit',
    summary:
      'Keeps a text for later. The same one by the same agent within the hour is kept once: its ' +
      'first id is answered, with `isNew` false.',
    input: z
      .strictObject({
        /** Markdown. */
        text: text(limits.memoryCharsMax).regex(/\S/, 'it is empty; say what to remember'),
        layer: MemoryLayer.default('episodic'),
        type: MessageType.default('NOTE'),
        tags: Tags.default([]),
        paths: Paths.default([]),
        repository: RepositoryUrl.optional(),
        session: Session.optional(),
      })
      .refine(({ layer, session }) => layer !== 'working' || session !== undefined, {
        error: 'the working layer is that of a session: name it, or take another layer',
        path: ['session'],
      }),
    output: z.strictObject({ id: MemoryId, isNew: z.boolean(), createdAtMs: TimeMs }),
  }),
  'memory.recall': query('memory.recall', {
    scope: 'read',
    summary:
      'What was remembered, the best hit first; asked for nothing, the newest. With a query, ' +
      'tags or paths only what has a word, a tag or a path of them. Words count inside of others.',
    input: z.strictObject({
      query: text(limits.memoryQueryCharsMax)
        .regex(/[\p{L}\p{N}]/u, 'it holds no word; leave it out for the newest')
        .optional(),
      tags: Tags.optional(),
      paths: Paths.optional(),
      layers: z.array(MemoryLayer).min(1).max(MemoryLayer.options.length).optional(),
      agent: AgentName.optional(),
      session: Session.optional(),
      limit: z.int().min(1).max(limits.memoryRecallMax).default(10),
      /** Of the texts together; only whole items are given. */
      charsMax: z.int().min(1).max(limits.memoryRecallCharsMax).default(8_000),
    }),
    /** `left`: hits that were not given, for their number or their length. */
    output: z.strictObject({ items: z.array(MemoryItem), left: z.int().min(0) }),
  }),
  'memory.forget': command('memory.forget', {
    scope: 'submit',
    summary: 'Takes back what was remembered: your own, or as a person anything.',
    input: z.strictObject({ id: MemoryId }),
    output: z.strictObject({ id: MemoryId }),
    errors: ['not_found', 'forbidden'],
  }),
};
