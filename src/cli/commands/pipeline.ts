/**
 * Declaring pipelines. A file names one and its stages in order; of a stage that is only a name,
 * nobody is told:
 *
 *     name: max
 *     stages:
 *       - pulse
 *       - { name: first, agent: FirstResponder }
 *       - { name: build, capability: ts, next: [first, done] }
 *       - done
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { limits, operations, type Pipeline, SignalboxError } from '../../contract/index.ts';
import type { Stage } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { counted } from '../words/time.ts';

const { input: Declared } = operations['pipeline.set'];

const File = z
  .strictObject({ name: z.unknown(), stages: z.array(z.unknown()).max(limits.stagesMax) })
  .transform(({ name, stages }) => ({ name, stages: stages.map(stageOf) }))
  .pipe(Declared);

function stageOf(entry: unknown): unknown {
  return typeof entry === 'string' ? { name: entry } : entry;
}

export async function setPipeline(context: Context): Promise<void> {
  const path = theOne(context);
  const text = path === '-' ? await context.readStdin() : await read(resolve(context.cwd, path));
  const declared = File.safeParse(parse(text));
  if (!declared.success) {
    throw new SignalboxError('invalid_input', `No pipeline: ${z.prettifyError(declared.error)}`, {
      hint: 'Give a `name` and a list of `stages`, each a name or {name, agent: …}.',
    });
  }
  const hub = await context.hub();
  const pipeline = await hub.pipeline.set(declared.data);
  const { name, stages } = pipeline;
  context.output.give(pipeline, () => [`${name}  ${counted(stages.length, 'stage')}`]);
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SignalboxError('not_found', `${path} cannot be read`, {
      hint: 'Give the path of a YAML file; `-` reads stdin.',
      cause,
    });
  });
}

function parse(text: string): unknown {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem === undefined) return document.toJS({ maxAliasCount: 0 });
  throw new SignalboxError('invalid_input', `The file is not YAML: ${problem.message}`);
}

export async function showPipeline(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const found = await hub.pipeline.show({ name: theOne(context) });
  const { stages } = found.pipeline;
  const columns = [
    { title: 'STAGE', text: ({ name }: Stage) => name },
    { title: 'CASES', text: ({ name }: Stage) => String(found.cases[name] ?? 0) },
    { title: 'LEADS TO', text: (stage: Stage) => leadsTo(stages, stage).join(' ') || '-' },
    { title: 'TELLS', text: tells },
  ];
  output.give(found, () => table(output, columns, stages));
}

function leadsTo(stages: readonly Stage[], stage: Stage): string[] {
  const following = stages[stages.indexOf(stage) + 1];
  return stage.next ?? (following === undefined ? [] : [following.name]);
}

function tells({ agent, capability, team, signalType }: Stage): string {
  if (agent !== undefined) return `${agent}, ${signalType}`;
  if (team !== undefined) return `the team ${team}, ${signalType}`;
  return capability === undefined ? 'nobody' : `who can do ${capability}, ${signalType}`;
}

export async function listPipelines(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const page = await hub.pipeline.list(pageOf(options));
  const columns = [
    { title: 'NAME', text: ({ name }: Pipeline) => name },
    {
      title: 'STAGES',
      text: ({ stages }: Pipeline) => stages.map(({ name }) => name).join(' → '),
    },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No pipelines yet: signalbox pipeline set FILE']
      : [...table(output, columns, page.items), ...nextPage(page, 'pipeline list')],
  );
}

export async function removePipeline(context: Context): Promise<void> {
  const name = theOne(context);
  const hub = await context.hub();
  const answer = await hub.pipeline.remove({ name });
  context.output.give(answer, () => [`${name}  ${answer.wasThere ? 'removed' : 'was not there'}`]);
}
