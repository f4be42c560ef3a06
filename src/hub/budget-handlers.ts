/** Contract ↔ domains, for budgets and for what else keeps new work from agents. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as budgets from '../domain/task/budgets.ts';
import { pause, resume } from '../domain/task/pauses.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<OperationName, `budget.${string}` | 'agent.pause' | 'agent.resume'>;

export const budgetHandlers: Handlers<Name> = {
  'budget.set': command(o['budget.set'], budgets.setBudget),
  'budget.remove': command(o['budget.remove'], budgets.removeBudget),
  'budget.list': query(o['budget.list'], budgets.listBudgets),
  'agent.pause': command(o['agent.pause'], pause),
  'agent.resume': command(o['agent.resume'], resume),
};
