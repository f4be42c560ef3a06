/** Who is here, and what they hold. */
import type { Agent } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../layout.ts';
import { nextPage, pageOf } from '../paging.ts';
import { stateColour, stateText } from '../states.ts';
import { timeInWords } from '../words.ts';

function heldInWords({ hold }: Agent, nowMs: number): string {
  if (hold === null) return '';
  return hold.untilMs === null
    ? ', held back'
    : `, held back until ${timeInWords(hold.untilMs, nowMs)}`;
}

export async function listAgents(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const page = await hub.agent.list(pageOf(options));
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
  output.give(page, () =>
    page.items.length === 0
      ? ['No agents yet: signalbox agent run --name ada -- COMMAND']
      : [...table(output, columns, page.items), ...nextPage(page, 'agents')],
  );
}
