/** Rules that copy messages by their type to a further recipient. */
import type { Route } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { namedOf, recipientWord } from '../agent/recipient.ts';

export async function addRoute(context: Context): Promise<void> {
  const { options, output, args } = context;
  const [type = '', to = ''] = args;
  const hub = await context.hub();
  const route = await hub.route.add({ type, to: namedOf(to), from: options.text('from') });
  output.give(route, () => [`${route.id}  ${inWords(route)}`]);
}

export async function listRoutes(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const page = await hub.route.list(pageOf(options));
  const columns = [
    { title: 'ID', text: ({ id }: Route) => id },
    { title: 'RULE', text: inWords },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No rules.']
      : [...table(output, columns, page.items), ...nextPage(page, 'route list')],
  );
}

export async function removeRoute(context: Context): Promise<void> {
  const hub = await context.hub();
  const answer = await hub.route.remove({ id: theOne(context) });
  context.output.give(answer, () => [answer.wasThere ? 'Removed.' : 'There was no such rule.']);
}

function inWords({ type, from, to }: Route): string {
  return `${type}${from === null ? '' : ` from ${from}`} → ${recipientWord(to)}`;
}
