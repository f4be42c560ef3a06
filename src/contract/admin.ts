/** What a person asks of the whole: how it is, and why something waits. */
import { z } from 'zod';
import {
  AgentName,
  ChangeId,
  LockId,
  MessageId,
  ScheduleId,
  TaskId,
  TimeMs,
  WebhookDeliveryId,
} from './shape.ts';
import { query } from './operation.ts';
import { Hold, Spending } from './spending.ts';

/** One fact that something waits for: who holds it, until when, and what would free it. */
export const Fact = z.strictObject({
  fact: z.string(),
  holder: z.string().nullable(),
  untilMs: TimeMs.nullable(),
  frees: z.string(),
});
export type Fact = z.infer<typeof Fact>;

export const adminOperations = {
  why: query('why', {
    scope: 'read',
    summary:
      'The exact facts that a task, a change, a lock, a message, a notice, a schedule or an ' +
      'agent waits for.',
    input: z.strictObject({
      id: z.union([TaskId, ChangeId, LockId, MessageId, WebhookDeliveryId, ScheduleId, AgentName], {
        error:
          'it is no id of a task (tsk_…), change (chg_…), lock (lck_…), message (msg_…), ' +
          'notice (whd_…) or schedule (sch_…), and no name',
      }),
    }),
    output: z.strictObject({
      id: z.string(),
      kind: z.enum(['task', 'change', 'lock', 'message', 'notice', 'schedule', 'agent']),
      state: z.string(),
      summary: z.string(),
      facts: z.array(Fact),
    }),
    errors: ['not_found'],
  }),
  'hub.status': query('hub.status', {
    scope: 'read',
    summary: 'The hub in numbers: tasks and changes by state, agents, the oldest that waits.',
    input: z.strictObject({}),
    output: z.strictObject({
      version: z.string(),
      engine: z.enum(['sqlite', 'postgres']),
      startedAtMs: TimeMs,
      nowMs: TimeMs,
      cursor: z.int(),
      tasks: z.record(z.string(), z.int()),
      changes: z.record(z.string(), z.int()),
      agents: z.record(z.string(), z.int()),
      oldestQueuedAtMs: TimeMs.nullable(),
      /** What agents have reported, on this day of UTC and in all. */
      spent: z.strictObject({ today: Spending, ever: Spending }),
      /** Why no new work is handed out in the whole project. */
      hold: Hold.nullable(),
      /**
       * Runnable tasks that wait although an idle agent could take them: 0 unless we have a defect.
       */
      missedMatches: z.int(),
    }),
  }),
  'hub.whoami': query('hub.whoami', {
    scope: 'read',
    summary: 'Who the token says you are.',
    input: z.strictObject({}),
    output: z.strictObject({
      name: AgentName,
      role: z.string(),
      project: z.string(),
      scopes: z.array(z.string()),
    }),
  }),
};
