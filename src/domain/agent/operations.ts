/** Reading agents and renewing leases. Coming and going moves work, so it stands in task/. */
import type { Output, Parsed } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { beat, toAgent } from './presence.ts';
import { listAgents } from './queries.ts';

export async function list(
  context: QueryContext,
  input: Parsed<'agent.list'>,
): Promise<Output<'agent.list'>> {
  const rows = await listAgents(context.db, {
    project: context.actor.project,
    afterKey: input.cursor ?? '',
    limit: input.limit,
  });
  return pageOf(rows, { limit: input.limit, toItem: toAgent, toCursor: ({ key }) => key });
}

export async function heartbeat(
  context: CommandContext,
  input: Parsed<'agent.heartbeat'>,
): Promise<Output<'agent.heartbeat'>> {
  return beat(context, input.sessionId);
}
