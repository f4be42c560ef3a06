/** All agents of the project, page by page: who is wanted of them may be on the last one. */
import type { Client } from '../../client/index.ts';
import { type Agent, limits } from '../../contract/index.ts';

type Ask = Parameters<Client['agent']['list']>[1];

export async function allAgents(hub: Client, ask?: Ask): Promise<Agent[]> {
  const agents: Agent[] = [];
  let cursor: string | undefined;
  do {
    const page = await hub.agent.list({ limit: limits.pageMax, cursor }, ask);
    agents.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return agents;
}
