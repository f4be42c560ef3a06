/**
 * Channels in few words, for agents that know a broker and its chat: send, read, watch, channels,
 * agents, status.
 */
import { type Event, limits, type Posted, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { follow } from '../task/follow.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import type { Output } from '../terminal/output.ts';
import { speaker } from '../place/speaker.ts';
import { clockTime } from '../words/time.ts';
import { listAgents } from './agents.ts';
import { listChannels } from './channel.ts';
import { status } from './status.ts';

const READ = 10;

export async function chat(context: Context): Promise<void> {
  const [verb = '', channel, ...words] = context.args;
  switch (verb) {
    case 'send':
      return send(context, needed(channel, 'send general "Hello"'), words);
    case 'read':
      return read(context, needed(channel, 'read general'));
    case 'watch':
      return watch(context, needed(channel, 'watch general'));
    case 'channels':
      return listChannels(context);
    case 'agents':
      return listAgents(context);
    case 'status':
      return status(context);
    default:
      throw new SignalboxError('invalid_input', `There is no \`chat ${harmlessLine(verb)}\`.`, {
        hint: 'There are: send, read, watch, channels, agents, status.',
      });
  }
}

function needed(channel: string | undefined, example: string): string {
  if (channel !== undefined) return channel;
  throw new SignalboxError('invalid_input', 'It is not said which channel.', {
    hint: `For example: signalbox chat ${example}`,
  });
}

async function send(context: Context, channel: string, words: string[]): Promise<void> {
  const text = words.join(' ');
  if (text === '') throw noWords();
  const hub = await context.hub(await speaker(context));
  const sent = await hub.message.send({ to: { channel }, text });
  context.output.give(sent, () => [`Sent to #${channel.replace(/^#/, '')} as ${sent.id}`]);
}

function noWords(): SignalboxError {
  return new SignalboxError('invalid_input', 'It is not said what to send.', {
    hint: 'For example: signalbox chat send general "Hello"',
  });
}

async function read(context: Context, name: string): Promise<void> {
  const { options, output } = context;
  const limit = options.integer('limit', { min: 1, max: limits.pageMax }) ?? READ;
  const hub = await context.hub(await speaker(context));
  const page = await hub.channel.read({ name, limit });
  output.give(page, () =>
    page.items.length === 0
      ? ['Nothing there.']
      : page.items.flatMap((posted) => lines(output, posted)),
  );
}

/** Pushed as it is posted; a hub that restarts is waited for, and nothing is missed. */
async function watch(context: Context, name: string): Promise<void> {
  const { output } = context;
  const interruption = context.interruption();
  const hub = await context.live(await speaker(context));
  const { headCursor: after } = await hub.event.list({ limit: 1 }, { signal: interruption });
  const { headCursor: place } = await hub.channel.read({ name, limit: 1 });
  const channel = name.replace(/^#/, '').toLowerCase();
  if (!output.isJson) output.note(`Watching #${channel}; Ctrl-C ends it.`, 'note');
  const show = (posted: Posted): void => {
    if (output.isJson) output.jsonLine(posted);
    else for (const line of lines(output, posted)) output.line(line);
  };
  let shown = place;
  const onEvent = ({ data }: Event): boolean => {
    const { posted } = data;
    if (posted !== undefined && posted.cursor > shown) show(posted);
    shown = Math.max(shown, posted?.cursor ?? shown);
    return false;
  };
  const filter = { types: ['channel.posted' as const], subject: channel };
  await follow({ hub, after, filter, interruption, onEvent });
}

/** `[14:03:09] ada: Hello` */
function lines(output: Output, { message }: Posted): string[] {
  const { from, createdAtMs, text } = message;
  const time = output.paint('dim', `[${clockTime(createdAtMs)}]`);
  const head = `${time} ${output.paint('cyan', from)}`;
  const [first = '', ...rest] = harmless(text).trimEnd().split('\n');
  return [`${head}: ${first}`, ...rest.map((line) => `    ${line}`)];
}
