/**
 * Budgets: what a task, an agent or the whole project may spend, by what the tools of the agents
 * report. A task that is over its budget is stopped. An agent or a project whose budget is spent
 * gets no new work until its window is over; what is in hand goes on.
 *
 * Tokens are those that were read anew or written: input that came out of a cache is left out,
 * because it is read again at each turn and costs a fraction. Prices are not known here: money is
 * what the tools say.
 */
import { z } from 'zod';
import { Agent } from './agent.ts';
import { command, query } from './operation.ts';
import { AgentName, AskedTimeMs, page, pageInput, Reason, TaskId, TimeMs } from './shape.ts';
import { Bounds, BoundsOf, Spending } from './spending.ts';

/** Windows begin with the hour, the day and the Monday of UTC. */
export const BudgetWindow = z.enum(['ever', 'hour', 'day', 'week']);
export type BudgetWindow = z.infer<typeof BudgetWindow>;

export const BudgetScope = z.union(
  [z.literal('project'), z.strictObject({ agent: AgentName }), z.strictObject({ task: TaskId })],
  { error: 'it is "project", {"agent": name} or {"task": id}' },
);
export type BudgetScope = z.infer<typeof BudgetScope>;

export const Budget = z.strictObject({
  scope: BudgetScope,
  window: BudgetWindow,
  ...BoundsOf.shape,
  /** In the window that goes on. */
  used: Spending,
  /** Null where that is not bounded. */
  left: z.strictObject({
    tokens: z.int().min(0).nullable(),
    costMicros: z.int().min(0).nullable(),
  }),
  /** No new work is given out on account of it. */
  isSpent: z.boolean(),
  /** When its window is over; null where it has no end, or nothing may be spent in any. */
  opensAtMs: TimeMs.nullable(),
});
export type Budget = z.infer<typeof Budget>;

const Named = {
  scope: BudgetScope,
  /** A task has one budget for all its time. */
  window: BudgetWindow.default('ever'),
};

export const budgetOperations = {
  'budget.set': command('budget.set', {
    scope: 'operate',
    summary:
      'Says how much a task, an agent or the project may spend; zero means nothing. It takes the ' +
      'place of the one before for the same window.',
    input: z.strictObject({ ...Named, ...Bounds.shape }),
    output: Budget,
    errors: ['not_found', 'conflict'],
  }),
  'budget.remove': command('budget.remove', {
    scope: 'operate',
    summary: 'Lifts a budget. What it held back is handed out at once.',
    input: z.strictObject(Named),
    output: Budget,
    errors: ['not_found'],
  }),
  'budget.list': query('budget.list', {
    scope: 'read',
    summary: 'Budgets of the project, of its agents and of its open tasks, with what is left.',
    input: z.strictObject(pageInput),
    output: page(Budget),
  }),
  'agent.pause': command('agent.pause', {
    scope: 'submit',
    summary:
      'Keeps new work from an agent until a time, such as when its tool may be used again. An ' +
      'agent pauses itself; an operator may pause any, which the agent can only make longer.',
    input: z.strictObject({
      /** The caller where it is left out. */
      agent: AgentName.optional(),
      untilMs: AskedTimeMs,
      reason: Reason.min(1),
    }),
    output: Agent,
    errors: ['not_found', 'forbidden'],
  }),
  'agent.resume': command('agent.resume', {
    scope: 'submit',
    summary:
      'Ends the pause of an agent, and what was said of its full context. An agent ends its own ' +
      'pause; what an operator said, an operator ends.',
    input: z.strictObject({ agent: AgentName.optional() }),
    output: Agent,
    errors: ['not_found', 'forbidden'],
  }),
};
