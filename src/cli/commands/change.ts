/** Reading changes, and deciding where a human must. */
import { isAbsolute } from 'node:path';
import { ChangeState, type Change } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { shellWord } from '../demo/shell-word.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { fields, table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { stateColour, stateText, stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function listChanges(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const state = options.choice('state', ChangeState.options);
  const hub = await context.hub();
  const page = await hub.change.list({ ...pageOf(options), state, taskId: options.text('task') });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: Change) => id },
    {
      title: 'STATE',
      text: (change: Change) => stateText(output, change.state),
      dress: (text: string, change: Change) => output.paint(stateColour(change.state), text),
    },
    { title: 'AUTHOR', text: ({ author }: Change) => author },
    { title: 'TIER', text: ({ tier }: Change) => (tier === null ? '-' : String(tier)) },
    {
      title: 'MADE',
      text: ({ createdAtMs }: Change) => timeInWords(createdAtMs, nowMs),
      spare: 2,
    },
    { title: 'TASK', text: ({ taskId }: Change) => taskId, spare: 1 },
    { title: 'REASON', text: ({ reason }: Change) => harmlessLine(reason ?? '') },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No changes.']
      : [...table(output, columns, page.items), ...nextPage(page, 'change list')],
  );
}

export async function showChange(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const answer = await hub.change.show({ id: theOne(context) });
  output.give(answer, () => [
    ...describe(context, answer.change),
    ...(answer.log === '' ? [] : ['', harmless(answer.log).trimEnd()]),
  ]);
}

function describe({ output, clock }: Context, change: Change): string[] {
  const { reason, tier, rules, testedCommit, testedBase } = change;
  const tested = testedCommit === null ? undefined : `${testedCommit} on ${testedBase}`;
  return [
    `${stateWord(output, change.state)}  ${change.id}`,
    ...fields(output, [
      ['reason', reason === null ? undefined : harmlessLine(reason)],
      ['task', `${change.taskId}, attempt ${change.attempt}`],
      ['author', change.author],
      ['made', timeInWords(change.createdAtMs, clock.nowMs())],
      ['repository', harmlessLine(change.repository.url)],
      ['branch', `${change.branch} → ${change.baseBranch ?? 'the main branch'}`],
      ['head', change.headCommit],
      ['base', change.baseCommit],
      ['diff', harmlessLine(diffCommand(change))],
      ['tier', tier === null ? undefined : String(tier)],
      ...rules.map((rule) => ['rule', harmlessLine(rule)] as const),
      ['verifier', change.verifier ?? undefined],
      ['tested', tested],
      ['approved by', change.approvedBy ?? undefined],
      ['landed', change.landedCommit ?? undefined],
    ]),
  ];
}

/** What shows a person the change: where the repository is here, or in any clone of it. */
function diffCommand({ repository, branch, baseCommit, headCommit }: Change): string {
  const range = `${baseCommit.slice(0, 12)}..${headCommit.slice(0, 12)}`;
  const url = shellWord(repository.url);
  if (isAbsolute(repository.url)) return `git --git-dir ${url} diff ${range}`;
  return `git fetch ${url} ${shellWord(branch)} && git diff ${range}`;
}

export async function approveChange(context: Context): Promise<void> {
  const { options, output } = context;
  const id = theOne(context);
  const hub = await context.hub();
  const answer = await hub.change.approve({ id, reason: options.text('reason') });
  output.give(answer, () => [`${id}  approved; it is tested once more, then it lands`]);
}

export async function declineChange(context: Context): Promise<void> {
  const { options, output } = context;
  const id = theOne(context);
  const hub = await context.hub();
  const answer = await hub.change.decline({ id, reason: options.text('reason') ?? '' });
  output.give(answer, () => [`${id}  ${stateWord(output, answer.state)}`]);
}
