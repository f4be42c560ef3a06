/** The services that `agent install` made: which there are, and how one goes. */
import { AgentName, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { servicesHere } from '../daemon/here.ts';
import type { Installed } from '../daemon/daemon.ts';

export async function uninstallAgent(context: Context): Promise<void> {
  const { args, options, output } = context;
  const parsed = AgentName.safeParse(args[0]);
  const isGone =
    parsed.success && (await servicesHere(context, options.has('system')).uninstall(parsed.data));
  if (!isGone) {
    throw new SignalboxError('not_found', `No agent \`${args[0] ?? ''}\` is installed here.`, {
      hint: 'See which there are: signalbox agent installed (--system: those of the machine).',
    });
  }
  output.give({ name: parsed.data }, () => [
    `The service of ${parsed.data} has ended and is gone. Its data stays.`,
  ]);
}

export async function listInstalledAgents(context: Context): Promise<void> {
  const { options, output } = context;
  const items = await servicesHere(context, options.has('system')).list();
  const columns = [
    { title: 'NAME', text: ({ name }: Installed) => name },
    { title: 'STATE', text: ({ state }: Installed) => state },
    { title: 'FILE', text: ({ file }: Installed) => file },
  ];
  output.give({ items }, () =>
    items.length === 0
      ? ['No agents are installed: signalbox agent install --name ada -- COMMAND']
      : table(output, columns, items),
  );
}
