/** What may be spent, and who is paused. */
import {
  type Agent,
  type Budget,
  BudgetWindow,
  type Input,
  SignalboxError,
} from '../../contract/index.ts';
import { lengthInWords } from '../../contract/length.ts';
import { dollars, spendingInWords, tokenCount } from '../../contract/money.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { table } from '../terminal/layout.ts';
import type { Options } from '../options.ts';
import { nextPage, pageOf } from '../terminal/paging.ts';
import { boundsOf } from '../task/task-order.ts';
import { timeInWords } from '../words/time.ts';

export async function setBudget(context: Context): Promise<void> {
  const { options, output } = context;
  const input = { ...whose(options), ...boundsOf(options) };
  const hub = await context.hub();
  const answer = await hub.budget.set(input);
  output.give(answer, () => [`${scopeWords(answer)}: ${boundsWords(answer)}`]);
}

export async function removeBudget(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const answer = await hub.budget.remove(whose(options));
  output.give(answer, () => [`${scopeWords(answer)}: not bounded any more`]);
}

function whose(options: Options): Input<'budget.remove'> {
  const agent = options.text('agent');
  const task = options.text('task');
  if (agent !== undefined && task !== undefined) {
    throw new SignalboxError('invalid_input', 'a budget is of an agent or of a task', {
      hint: 'Give --agent or --task; with neither it is of the whole project.',
    });
  }
  const window = options.choice('window', BudgetWindow.options);
  if (agent !== undefined) return { scope: { agent }, window };
  return { scope: task === undefined ? 'project' : { task }, window };
}

export async function listBudgets(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const page = await hub.budget.list(pageOf(options));
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'WHOSE', text: scopeWords },
    { title: 'MAY SPEND', text: boundsWords },
    { title: 'SPENT', text: ({ used }: Budget) => spendingInWords(used) ?? 'nothing' },
    {
      title: 'STATE',
      text: (budget: Budget) => stateWords(budget, nowMs),
      dress: (text: string, { isSpent }: Budget) => output.paint(isSpent ? 'red' : 'dim', text),
    },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No budgets: signalbox budget set --window day --max-cost 20']
      : [...table(output, columns, page.items), ...nextPage(page, 'budget list')],
  );
}

function scopeWords({ scope, window }: Pick<Budget, 'scope' | 'window'>): string {
  const per = window === 'ever' ? '' : ` by the ${window}`;
  if (scope === 'project') return `project${per}`;
  return `${'agent' in scope ? scope.agent : scope.task}${per}`;
}

export function boundsWords({
  tokensMax,
  costMicrosMax,
}: Pick<Budget, 'tokensMax' | 'costMicrosMax'>): string {
  const parts = [
    tokensMax === null ? undefined : tokenCount(tokensMax),
    costMicrosMax === null ? undefined : dollars(costMicrosMax),
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function stateWords({ isSpent, opensAtMs }: Budget, nowMs: number): string {
  if (!isSpent) return 'open';
  return opensAtMs === null ? 'spent' : `spent, opens ${timeInWords(opensAtMs, nowMs)}`;
}

export async function pauseAgent(context: Context): Promise<void> {
  const { args, options, output } = context;
  const hub = await context.hub();
  const { nowMs } = await hub.hub.status();
  const forMs = options.durationMs('for') ?? 0;
  const reason = options.text('reason') ?? '';
  const agent = await hub.agent.pause({ agent: args[0], untilMs: nowMs + forMs, reason });
  output.give(agent, () => [holdLine(agent, nowMs)]);
}

export async function resumeAgent(context: Context): Promise<void> {
  const { args, output, clock } = context;
  const hub = await context.hub();
  const agent = await hub.agent.resume({ agent: args[0] });
  output.give(agent, () => [holdLine(agent, clock.nowMs())]);
}

function holdLine({ name, hold }: Agent, nowMs: number): string {
  if (hold === null) return `${name} is offered work again.`;
  const long = hold.untilMs === null ? '' : ` for ${lengthInWords(hold.untilMs - nowMs)}`;
  return harmlessLine(`${name} is held back${long}: ${hold.reason}`);
}
