/** What agents remember. What others wrote is data: indented, and made harmless. */
import { limits, type MemoryItem, MemoryLayer, SignalboxError } from '../../contract/index.ts';
import { type PathInRepository, placeOf } from '../../hooks/entry/repository.ts';
import { sessionKey } from '../../hooks/entry/session.ts';
import type { Context } from '../context.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { indented } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import { theOne } from '../terminal/paging.ts';
import { speaker } from '../place/speaker.ts';
import { counted, timeInWords } from '../words/time.ts';

export async function remember(context: Context): Promise<void> {
  const { options, output, env } = context;
  const said = theOne(context);
  const text = said === '-' ? await context.readStdin() : said;
  const layer = options.choice('layer', MemoryLayer.options);
  const own = layer === 'working' ? sessionKey(env, process.ppid) : undefined;
  const places = placesOf(context);
  const hub = await context.hub(await speaker(context));
  const kept = await hub.memory.remember({
    text,
    layer,
    type: options.text('type'),
    tags: options.list('tag'),
    paths: places.map(({ path }) => path),
    repository: places[0]?.repository,
    session: options.text('session') ?? own,
  });
  // The id alone, so that a script can take it: id=$(signalbox remember …)
  output.give(kept, () => [kept.id]);
  if (!output.isJson) output.note(kept.isNew ? 'remembered' : 'was remembered already', 'note');
}

export async function recall(context: Context): Promise<void> {
  const { options, output, clock, args } = context;
  const query = args.join(' ').trim();
  const layers = options.list('layer').map(layerOf);
  const places = placesOf(context);
  const hub = await context.hub(await speaker(context));
  const found = await hub.memory.recall({
    query: query === '' ? undefined : query,
    tags: options.list('tag'),
    paths: places.map(({ path }) => path),
    layers: layers.length === 0 ? undefined : layers,
    limit: options.integer('limit', { min: 1, max: limits.memoryRecallMax }),
  });
  const nowMs = clock.nowMs();
  const { items, left } = found;
  const more =
    left === 0 ? [] : ['', `${counted(left, 'more hit')}: --limit shows more, up to 50.`];
  output.give(found, () =>
    items.length === 0
      ? ['Nothing of that is remembered.']
      : [...items.flatMap((item) => itemLines(output, item, nowMs)), ...more],
  );
}

export async function forget(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const gone = await hub.memory.forget({ id: theOne(context) });
  context.output.give(gone, () => [`${gone.id}  forgotten`]);
}

function itemLines(output: Output, item: MemoryItem, nowMs: number): string[] {
  const { id, type, layer, agent, createdAtMs, tags, paths, text } = item;
  const head = [
    output.paint('dim', id),
    output.paint('cyan', type),
    `${agent}, ${layer}`,
    output.paint('dim', timeInWords(createdAtMs, nowMs)),
    ...tags.map((tag) => `#${tag}`),
    ...paths.map(harmlessLine),
  ];
  return [head.join('  '), ...indented(harmless(text).trimEnd())];
}

function layerOf(word: string): MemoryLayer {
  const layer = MemoryLayer.options.find((one) => one === word);
  if (layer !== undefined) return layer;
  throw new SignalboxError('invalid_input', `--layer does not take \`${word}\`.`, {
    hint: `Give one of: ${MemoryLayer.options.join(', ')}.`,
  });
}

/** Paths from the folder where the command is typed, as their repository has them. */
function placesOf({ options, cwd, env }: Context): PathInRepository[] {
  const named = env['SIGNALBOX_REPOSITORY'];
  const places = options.list('path').map((written) => {
    const found = placeOf(written, cwd);
    if (found === undefined) throw noPlace(written);
    const path = found.path === '' ? '.' : found.path;
    return { path, repository: named === undefined || named === '' ? found.repository : named };
  });
  if (new Set(places.map(({ repository }) => repository)).size <= 1) return places;
  throw new SignalboxError('invalid_input', 'The paths are in more than one repository.', {
    hint: 'Remember it once for each repository.',
  });
}

function noPlace(written: string): SignalboxError {
  return new SignalboxError('invalid_input', `\`${written}\` is in no git repository.`, {
    hint: 'Give a path in a repository, or leave --path out.',
  });
}
