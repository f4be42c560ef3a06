/** Who is here and what they hold; and how one is removed that is needed no more. */
import { type Agent, limits } from '../../contract/index.ts';
import { allAgents } from '../agent/all.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { theOne } from '../terminal/paging.ts';
import { stateColour, stateText } from '../terminal/states.ts';
import { counted, timeInWords } from '../words/time.ts';

/** More than a person reads; a program is given all. */
const SHOWN = 50;

function heldInWords({ hold }: Agent, nowMs: number): string {
  if (hold === null) return '';
  return hold.untilMs === null
    ? ', held back'
    : `, held back until ${timeInWords(hold.untilMs, nowMs)}`;
}

export async function listAgents(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const limit = options.integer('limit', { min: 1, max: limits.plainListMax });
  const hub = await context.hub();
  const agents = (await allAgents(hub)).toSorted(byPresence);
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'NAME', text: ({ name }: Agent) => name },
    {
      title: 'STATE',
      text: (agent: Agent) => stateText(output, agent.state) + heldInWords(agent, nowMs),
      dress: (text: string, { state }: Agent) => output.paint(stateColour(state), text),
    },
    { title: 'TASK', text: ({ taskId }: Agent) => taskId ?? '-' },
    { title: 'SEEN', text: ({ lastSeenMs }: Agent) => timeInWords(lastSeenMs, nowMs) },
    { title: 'CAN', text: ({ capabilities }: Agent) => capabilities.join(' ') || '-' },
  ];
  output.give({ items: agents.slice(0, limit), nextCursor: null }, () => {
    const shown = agents.slice(0, limit ?? SHOWN);
    return shown.length === 0
      ? ['No agents yet: signalbox agent run --name ada -- COMMAND']
      : [...table(output, columns, shown), ...further(agents.length, shown.length)];
  });
}

/** Those that are here by their names; then who was seen last. */
function byPresence(one: Agent, other: Agent): number {
  const isAway = ({ state }: Agent): boolean => state === 'offline';
  if (isAway(one) !== isAway(other)) return isAway(one) ? 1 : -1;
  const later = isAway(one) ? other.lastSeenMs - one.lastSeenMs : 0;
  return later || one.name.localeCompare(other.name);
}

function further(all: number, shown: number): string[] {
  const more = all - shown;
  return more === 0 ? [] : ['', `And ${more} more: signalbox agents --limit ${all}`];
}

export async function removeAgent(context: Context): Promise<void> {
  const hub = await context.hub();
  const answer = await hub.agent.remove({
    agent: theOne(context),
    reason: context.options.text('reason'),
  });
  const tokens = answer.tokens === 0 ? '' : `, and ${counted(answer.tokens, 'token')} with it`;
  context.output.give(answer, () => [`${answer.agent} is removed${tokens}.`]);
}
