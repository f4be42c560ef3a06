/** Channels: what was posted, who belongs to them, who posts how much. */
import type { Channel, Member, Posted } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { limits } from '../../contract/index.ts';
import { table } from '../terminal/layout.ts';
import { messageLines } from '../words/message.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { speaker } from '../place/speaker.ts';
import { counted, timeInWords } from '../words/time.ts';

export async function listChannels(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const page = await hub.channel.list(pageOf(options));
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'CHANNEL', text: ({ name }: Channel) => `#${name}` },
    { title: 'MESSAGES', text: ({ messages }: Channel) => String(messages) },
    { title: 'MEMBERS', text: ({ members }: Channel) => String(members) },
    {
      title: 'LAST',
      text: ({ lastPostedAtMs }: Channel) =>
        lastPostedAtMs === null ? '-' : timeInWords(lastPostedAtMs, nowMs),
    },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No channels yet: signalbox send "#general" "Hello"']
      : [...table(output, columns, page.items), ...nextPage(page, 'channel list')],
  );
}

export async function readChannel(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const name = theOne(context);
  const page = await hub.channel.read({
    name,
    after: options.integer('after', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    limit: options.integer('limit', { min: 1, max: limits.pageMax }),
  });
  const nowMs = clock.nowMs();
  const lines = ({ message }: Posted): string[] => messageLines(output, message, nowMs);
  const isMore = page.nextCursor < page.headCursor;
  const more = isMore
    ? ['', `More: signalbox channel read ${name} --after ${page.nextCursor}`]
    : [];
  output.give(page, () =>
    page.items.length === 0 ? ['Nothing there.'] : [...page.items.flatMap(lines), ...more],
  );
}

export async function joinChannel(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const member = await hub.channel.join({ name: theOne(context) });
  const words = `${member.agent} belongs to it now, ${counted(member.unread, 'message')} unread`;
  context.output.give(member, () => [words]);
}

export async function leaveChannel(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const answer = await hub.channel.leave({ name: theOne(context) });
  const words = answer.wasMember ? 'Left.' : 'You did not belong to it.';
  context.output.give(answer, () => [words]);
}

export async function listMembers(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub(await speaker(context));
  const page = await hub.channel.members({ name: theOne(context), ...pageOf(options) });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'AGENT', text: ({ agent }: Member) => agent },
    { title: 'HERE', text: ({ isOnline }: Member) => (isOnline ? 'yes' : 'no') },
    { title: 'READ', text: ({ cursor }: Member) => String(cursor) },
    { title: 'UNREAD', text: ({ unread }: Member) => String(unread) },
    { title: 'JOINED', text: ({ joinedAtMs }: Member) => timeInWords(joinedAtMs, nowMs) },
  ];
  output.give(page, () =>
    page.items.length === 0 ? ['Nobody belongs to it.'] : table(output, columns, page.items),
  );
}

export async function showStats(context: Context): Promise<void> {
  const { output, clock, args } = context;
  const hub = await context.hub(await speaker(context));
  const stats = await hub.channel.stats({ name: args[0] });
  type Line = (typeof stats.items)[number];
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'CHANNEL', text: ({ channel }: Line) => `#${channel}` },
    { title: 'AGENT', text: ({ agent }: Line) => agent },
    { title: 'MESSAGES', text: ({ messages }: Line) => String(messages) },
    { title: 'LAST', text: ({ lastAtMs }: Line) => timeInWords(lastAtMs, nowMs) },
  ];
  output.give(stats, () =>
    stats.items.length === 0 ? ['Nothing was posted.'] : table(output, columns, stats.items),
  );
}
