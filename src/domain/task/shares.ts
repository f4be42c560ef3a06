/** What operators say of how work is shared out: weights of submitters, trust in agents. */
import { nameKey, type Output, type Parsed } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { lockProject, requireAgent, saveAgent, shownAgent } from '../agent/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { matchFreed } from './schedule.ts';
import { listShares, saveWeight } from './turn-queries.ts';

export async function setShare(
  { tx, actor }: CommandContext,
  { submitter, weight }: Parsed<'share.set'>,
): Promise<Output<'share.set'>> {
  await lockProject(tx, actor.project);
  const submitter_key = nameKey(submitter);
  await saveWeight(tx, { project: actor.project, submitter_key, submitter, weight });
  return { submitter, weight };
}

export async function shares(
  { db, actor }: QueryContext,
  input: Parsed<'share.list'>,
): Promise<Output<'share.list'>> {
  const page = { project: actor.project, afterKey: input.cursor ?? '', limit: input.limit };
  const rows = await listShares(db, page);
  return pageOf(rows, {
    limit: input.limit,
    toItem: ({ submitter, weight }) => ({ submitter, weight }),
    toCursor: ({ submitter_key }) => submitter_key,
  });
}

/** Who is trusted more may be wanted for something at once. */
export async function trust(
  context: CommandContext,
  input: Parsed<'agent.trust'>,
): Promise<Output<'agent.trust'>> {
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  const row = await requireAgent(context, input.agent);
  await saveAgent(tx, { ...row, trust: input.trust });
  await matchFreed(context, row.key);
  return shownAgent(context, row);
}
