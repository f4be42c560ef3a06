/** Sends one message; the answer comes when it is on the hub's disk. */
import { JsonObject, Priority, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { tellNewChannel } from '../agent/newcomer.ts';
import { recipientOf } from '../agent/recipient.ts';
import { speaker } from '../place/speaker.ts';
import { counted } from '../words/time.ts';

export async function send(context: Context): Promise<void> {
  const { options, output, args } = context;
  const [to = '', text = ''] = args;
  const input = {
    to: recipientOf(to, { isOne: options.has('one') }),
    text: text === '-' ? await context.readStdin() : text,
    type: options.text('type'),
    data: readData(options.text('data')),
    thread: options.text('thread'),
    replyTo: options.text('replyTo'),
    priority: options.choice('priority', Priority.options),
    ttlMs: options.durationMs('ttl'),
    isSignal: options.has('signal'),
    unknown: options.has('keep') ? ('keep' as const) : ('refuse' as const),
  };
  const hub = await context.hub(await speaker(context));
  const sent = await hub.message.send(input);
  // The id alone, so that a script can take it: id=$(signalbox send …)
  output.give(sent, () => [sent.id]);
  if (output.isJson) return;
  output.note(`stored for ${counted(sent.recipients, 'mailbox', 'mailboxes')}`, 'note');
  const isFirst = sent.cursor === 1;
  if (isFirst && 'channel' in input.to) await tellNewChannel(output, hub, input.to.channel);
}

function readData(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch {
    throw new SignalboxError('invalid_input', '--data does not hold a JSON object.', {
      hint: `For example: --data '{"lead_id":"abc-123"}'`,
    });
  }
}
