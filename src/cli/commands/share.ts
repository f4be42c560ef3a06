/** How work is shared out: weights of submitters, trust in agents. */
import { limits, type Share, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf } from '../terminal/paging.ts';

export async function trustAgent(context: Context): Promise<void> {
  const [agent = '', level = ''] = context.args;
  const trust = whole('The trust', level, { min: 0, max: limits.trustMax });
  const hub = await context.hub();
  const answer = await hub.agent.trust({ agent, trust });
  context.output.give(answer, () => [`${answer.name} is trusted with ${answer.trust}.`]);
}

export async function setShare(context: Context): Promise<void> {
  const [submitter = '', weight = ''] = context.args;
  const hub = await context.hub();
  const answer = await hub.share.set({
    submitter,
    weight: whole('The weight', weight, { min: 1, max: limits.shareWeightMax }),
  });
  context.output.give(answer, () => [`${answer.submitter} has weight ${answer.weight}.`]);
}

export async function listShares(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const page = await hub.share.list(pageOf(options));
  const columns = [
    { title: 'SUBMITTER', text: ({ submitter }: Share) => submitter },
    { title: 'WEIGHT', text: ({ weight }: Share) => String(weight) },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['Everybody has weight 1: signalbox share set NAME WEIGHT']
      : [...table(output, columns, page.items), ...nextPage(page, 'share list')],
  );
}

function whole(what: string, text: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new SignalboxError('invalid_input', `${what} cannot be \`${text}\`.`, {
    hint: `Give a whole number from ${min} to ${max}.`,
  });
}
