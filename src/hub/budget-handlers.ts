/** Contract ↔ domains, for budgets and for what else keeps new work from agents. */
import { operations as o } from '../contract/index.ts';
import * as budgets from '../domain/task/budgets.ts';
import { pause, resume } from '../domain/task/pauses.ts';
import { command, query } from './bound.ts';

export const budgetHandlers = {
  'budget.set': command(o['budget.set'], budgets.setBudget),
  'budget.remove': command(o['budget.remove'], budgets.removeBudget),
  'budget.list': query(o['budget.list'], budgets.listBudgets),
  'agent.pause': command(o['agent.pause'], pause),
  'agent.resume': command(o['agent.resume'], resume),
};
