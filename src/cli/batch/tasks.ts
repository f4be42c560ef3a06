/**
 * The tasks of a file: a list, or `{defaults: {…}, tasks: […]}`, or one JSON object a line. What a
 * task does not say, the flags say, and then the defaults of the file. Everything that is wrong is
 * told at once, with line and column, and then there are no tasks.
 */
import { join, relative, resolve, sep } from 'node:path';
import { realpath } from 'node:fs/promises';
import { type Input, limits, NamedOrder, SignalboxError } from '../../contract/index.ts';
import { issueWords } from '../../contract/issue-words.ts';
import type { Context } from '../context.ts';
import { repositoryUrl } from '../task/repository-url.ts';
import { fromFlags, type OrderSource, readOrder } from '../task/task-order.ts';
import { checkGraph, type Node } from './graph.ts';
import { defaultsLayer, layered, taskLayer, type Layer } from './layer.ts';
import { outline } from './outline.ts';
import { createProblems, type Problems } from './problems.ts';
import { plain, readBounded, readSource, type Source } from './source.ts';

export type Order = Input<'batch.submit'>['tasks'][number];

interface Reading {
  context: Context;
  source: Source;
  problems: Problems;
  flags: OrderSource;
  nowMs: number;
  /** Each repository is looked at once, however many tasks name it. */
  repositories: Map<string, Promise<string>>;
}

interface Draft extends Node {
  order: Order;
}

export async function readTasks(context: Context, name: string): Promise<Order[]> {
  const source = await readSource(context, name);
  const problems = createProblems(source.name);
  const nowMs = context.clock.nowMs();
  const flags = fromFlags(context.options);
  const reading = { context, source, problems, flags, nowMs, repositories: new Map() };
  const { defaults, tasks } = outline(source, problems);
  refuseCount(source, tasks.length);
  const below = defaults && defaultsLayer({ fields: defaults, problems });
  const drafts: Draft[] = [];
  for (const fields of tasks) {
    drafts.push(await draftOf(reading, taskLayer({ fields, problems }), below));
  }
  checkGraph(drafts);
  drafts.forEach((draft) => checkOrder(draft, below));
  problems.refuse();
  const orders = drafts.map(({ order }) => order);
  refuseSize(source, orders);
  return orders;
}

async function draftOf(
  reading: Reading,
  layer: Layer,
  defaults: Layer | undefined,
): Promise<Draft> {
  const layers = defaults === undefined ? [layer] : [layer, defaults];
  const [own, ...rest] = layers;
  const sources = own === undefined ? [] : [own, reading.flags, ...rest];
  const title = layer.text('title');
  if (!layer.has('title')) layer.note('title', 'it has none');
  const ref = layer.text('ref');
  if (layer.has('unique') && layer.has('uniqueEver')) {
    layer.note('uniqueEver', 'there is `unique` too; one of them is enough');
  }
  const order = {
    ...readOrder(layered(sources), reading.nowMs),
    ref,
    title: title ?? '',
    body: await bodyOf(reading, layers),
    repository: await repositoryOf(reading, layers),
  };
  return { layer, ref, after: order.after ?? [], parent: order.parent, order };
}

async function bodyOf(reading: Reading, layers: readonly Layer[]): Promise<string | undefined> {
  const layer = layers.find((one) => one.has('body') || one.has('bodyFile'));
  if (layer === undefined) return undefined;
  const name = layer.text('bodyFile');
  if (name === undefined) return layer.text('body');
  if (layer.has('body')) layer.note('bodyFile', 'there is a body too; give one of them');
  try {
    return await readBody(reading.source, name);
  } catch (error) {
    layer.note('bodyFile', error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** A file that somebody else wrote must not bring secrets of this machine to the hub. */
async function readBody({ folder }: Source, name: string): Promise<string> {
  const root = await realpath(folder);
  const path = await realpath(join(root, name)).catch(() => resolve(root, name));
  if (relative(root, path).split(sep)[0] === '..' || resolve(name) === name) {
    throw new Error(`${name} is not below the folder of the file`);
  }
  return plain(name, await readBounded(path, name, 4 * limits.bodyCharsMax));
}

async function repositoryOf(
  reading: Reading,
  layers: readonly Layer[],
): Promise<string | undefined> {
  const { context, source, repositories } = reading;
  const [own, ...rest] = layers;
  const flag = context.options.text('repo');
  if (flag !== undefined && own?.has('repo') !== true) return looked(context, flag, repositories);
  const layer = [own, ...rest].find((one) => one?.has('repo'));
  const text = layer?.text('repo');
  if (layer === undefined || text === undefined) return undefined;
  try {
    return await looked({ ...context, cwd: source.folder }, text, repositories);
  } catch (error) {
    layer.note('repo', error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function looked(
  context: Pick<Context, 'cwd' | 'env'>,
  text: string,
  repositories: Reading['repositories'],
): Promise<string> {
  const key = `${context.cwd}\n${text}`;
  const known = repositories.get(key);
  if (known !== undefined) return known;
  const url = repositoryUrl(context, text);
  repositories.set(key, url);
  return url;
}

/** The words of a file for what the contract calls otherwise. */
const WORDS: Readonly<Record<string, string>> = {
  checks: 'check',
  paths: 'path',
  repository: 'repo',
  baseBranch: 'base',
  onNeededFailure: 'cancelWithout',
  concurrencyKey: 'key',
  notBeforeMs: 'notBefore',
  deadlineMs: 'deadline',
  failuresMax: 'retries',
  timeoutMs: 'timeout',
  progressTimeoutMs: 'silence',
  budget: 'maxTokens',
};

/** What fits a file need not fit the hub; its own rules are asked before it is. */
function checkOrder({ order, layer }: Draft, defaults: Layer | undefined): void {
  const { error } = NamedOrder.safeParse(order);
  for (const issue of error?.issues ?? []) {
    const [name, at] = issue.path;
    const word = WORDS[String(name)] ?? String(name);
    const item = typeof at === 'number' ? at : undefined;
    // Those two are looked at by their names.
    if (word === 'after' || word === 'parent' || layer.isNoted(word, item)) continue;
    const where = layer.has(word) || defaults?.has(word) !== true ? layer : defaults;
    where.note(word, issueWords(issue), item);
  }
}

function refuseCount({ name }: Source, count: number): void {
  if (count <= limits.tasksAtOnceMax) return;
  const message = `${name} has ${count} tasks; ${limits.tasksAtOnceMax} are taken at once`;
  throw new SignalboxError('too_large', message, {
    hint: 'No task was submitted. Make several files; later ones may name earlier tasks by id.',
  });
}

/** What goes around the tasks in a request. */
const ENVELOPE_BYTES = 4 * 1024;

function refuseSize({ name }: Source, tasks: readonly Order[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(tasks));
  if (bytes <= limits.requestBytesMax - ENVELOPE_BYTES) return;
  const message = `the tasks of ${name} are ${bytes} bytes, more than one request holds`;
  throw new SignalboxError('too_large', message, {
    hint: 'No task was submitted. Make several files, or put long texts into the repository.',
  });
}
