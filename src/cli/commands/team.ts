/** Teams: one name for several agents. */
import { type Team, TeamMode } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';

export async function setTeam(context: Context): Promise<void> {
  const { options, output, args } = context;
  const [name = '', ...members] = args;
  const hub = await context.hub();
  const mode = options.choice('mode', TeamMode.options);
  const team = await hub.team.set({ name, members, mode });
  output.give(team, () => [`@${team.name}: ${whoGets(team)}`]);
}

export async function listTeams(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const page = await hub.team.list(pageOf(options));
  const columns = [
    { title: 'TEAM', text: ({ name }: Team) => `@${name}` },
    { title: 'GETS IT', text: ({ mode }: Team) => mode },
    { title: 'MEMBERS', text: ({ members }: Team) => members.join(' ') },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No teams yet: signalbox team set reviewers ada bob']
      : [...table(output, columns, page.items), ...nextPage(page, 'team list')],
  );
}

export async function removeTeam(context: Context): Promise<void> {
  const hub = await context.hub();
  const answer = await hub.team.remove({ name: theOne(context) });
  context.output.give(answer, () => [answer.wasThere ? 'Removed.' : 'There was no such team.']);
}

function whoGets({ mode, members }: Team): string {
  return `${mode === 'all' ? 'all' : 'one'} of ${members.join(', ')}`;
}
