/** What agents learned: kept, found again, taken back. */
import { type Memory, MemoryLayer } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmless, harmlessLine } from '../harmless.ts';
import { indented } from '../layout.ts';
import { theOne } from '../paging.ts';
import { speaker } from '../speaker.ts';
import { timeInWords } from '../words.ts';

export async function remember(context: Context): Promise<void> {
  const { options, output } = context;
  const words = theOne(context);
  const hub = await context.hub(await speaker(context));
  const answer = await hub.memory.remember({
    text: words === '-' ? await context.readStdin() : words,
    layer: options.choice('layer', MemoryLayer.options),
    type: options.text('type'),
    tags: options.list('tag'),
    paths: options.list('path'),
  });
  output.give(answer, () => [`${answer.id}  ${answer.isNew ? 'kept' : 'known already'}`]);
}

export async function recall(context: Context): Promise<void> {
  const { options, output, args, clock } = context;
  const hub = await context.hub();
  const layer = options.choice('layer', MemoryLayer.options);
  const answer = await hub.memory.recall({
    query: args.length === 0 ? undefined : args.join(' '),
    tags: options.list('tag'),
    paths: options.list('path'),
    layers: layer === undefined ? undefined : [layer],
    limit: options.integer('limit', { min: 1, max: 50 }),
  });
  const nowMs = clock.nowMs();
  const lines = ({ id, agent, type, layer: of, createdAtMs, text }: Memory): string[] => [
    harmlessLine(`${id}  ${type}  ${of}, ${agent}, ${timeInWords(createdAtMs, nowMs)}`),
    ...indented(harmless(text)),
  ];
  const more = answer.left > 0 ? ['', `${answer.left} more fit: ask more closely.`] : [];
  output.give(answer, () =>
    answer.items.length === 0
      ? ['Nothing is remembered about it.']
      : [...answer.items.flatMap(lines), ...more],
  );
}

export async function forget(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const answer = await hub.memory.forget({ id: theOne(context) });
  context.output.give(answer, () => ['Forgotten.']);
}
