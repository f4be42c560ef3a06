/** An agent that is there, as it is shown; and where there is none of that name. */
import { type Agent, nameKey, SignalboxError } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import type { CommandContext } from '../event/index.ts';
import { toAgent } from './presence.ts';
import { type AgentRow, findAgent, findAgentWithTask } from './queries.ts';

export async function requireAgent({ tx, actor }: CommandContext, name: string): Promise<AgentRow> {
  const row = await findAgent(tx, actor.project, nameKey(name));
  if (row !== undefined) return row;
  throw new SignalboxError('not_found', `there is no agent ${name}`, {
    hint: 'An agent is known from its first word on. `signalbox agents` lists those there are.',
  });
}

/** As it stands now, with the task in its hand. */
export async function shownAgent(
  { tx }: Pick<CommandContext, 'tx'>,
  { project, key }: Pick<AgentRow, 'project' | 'key'>,
): Promise<Agent> {
  return toAgent(present(await findAgentWithTask(tx, project, key), 'the agent'));
}
