/** What waits: for whoever looks at the whole, and not at one task. */
import { z } from 'zod';
import { query } from './operation.ts';
import { TaskId, TimeMs } from './shape.ts';
import { Lane } from './task.ts';

export const LaneCount = z.strictObject({
  lane: Lane,
  /** May be handed out now. */
  ready: z.int().min(0),
  /** Waits for its time: a retry, or a moment that was asked for. */
  later: z.int().min(0),
  /** Waits for other tasks. */
  blocked: z.int().min(0),
  /** Since when the first of those that are ready has been; null where none is. */
  sinceMs: TimeMs.nullable(),
});
export type LaneCount = z.infer<typeof LaneCount>;

export const waitingOperations = {
  'task.waiting': query('task.waiting', {
    scope: 'read',
    summary: 'What waits in each lane and since when, and the tasks whose turn comes first.',
    input: z.strictObject({ limit: z.int().min(1).max(20).default(5) }),
    output: z.strictObject({
      /** The most urgent first; lanes in which nothing waits are left out. */
      lanes: z.array(LaneCount),
      first: z.array(
        z.strictObject({ id: TaskId, title: z.string(), lane: Lane, sinceMs: TimeMs }),
      ),
    }),
  }),
};
