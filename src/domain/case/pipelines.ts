/** Declaring pipelines. Who changes one and who moves a case in it take turns at its row. */
import { type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import {
  countByStage,
  deletePipeline,
  findPipeline,
  listPipelines,
  lockPipeline,
  type PipelineRow,
  savePipeline,
} from './pipeline-queries.ts';
import { toPipeline } from './view.ts';

export async function set(
  context: CommandContext,
  { name, stages }: Parsed<'pipeline.set'>,
): Promise<Output<'pipeline.set'>> {
  const { tx, actor, nowMs } = context;
  const { project } = actor;
  await lockPipeline(tx, project, name);
  const kept = new Set(stages.map((stage) => stage.name));
  const counts = await countByStage(tx, project, name);
  const lost = counts.filter(({ stage }) => stage !== null && !kept.has(stage));
  if (lost.length > 0) throw inUse(name, lost);
  const row: PipelineRow = {
    project,
    name,
    stages: JSON.stringify(stages),
    updated_by: actor.name,
    updated_at_ms: nowMs,
  };
  await savePipeline(tx, row);
  await record(context, { type: 'pipeline.set', subject: name });
  return toPipeline(row);
}

export async function remove(
  context: CommandContext,
  { name }: Parsed<'pipeline.remove'>,
): Promise<Output<'pipeline.remove'>> {
  const { tx, actor } = context;
  await lockPipeline(tx, actor.project, name);
  const counts = await countByStage(tx, actor.project, name);
  if (counts.length > 0) throw inUse(name, counts);
  const wasThere = await deletePipeline(tx, actor.project, name);
  if (wasThere) await record(context, { type: 'pipeline.removed', subject: name });
  return { wasThere };
}

function inUse(
  name: string,
  counts: readonly { stage: string | null; count: number }[],
): SignalboxError {
  const cases = Object.fromEntries(counts.map(({ stage, count }) => [stage ?? '', count]));
  const where = counts.map(({ stage, count }) => `${count} in ${stage ?? 'no stage yet'}`);
  const message = `the pipeline ${name} still has cases: ${where.join(', ')}`;
  return new SignalboxError('conflict', message, {
    hint: 'Keep these stages until case.advance has moved their cases on.',
    details: { cases },
  });
}

export async function show(
  context: QueryContext,
  { name }: Parsed<'pipeline.show'>,
): Promise<Output<'pipeline.show'>> {
  const { db, actor } = context;
  const row = await findPipeline(db, actor.project, name);
  if (row === undefined) throw unknownPipeline(name);
  const pipeline = toPipeline(row);
  const counts = await countByStage(db, actor.project, name);
  const cases = pipeline.stages.map((stage) => {
    const count = counts.find((one) => one.stage === stage.name)?.count ?? 0;
    return [stage.name, count] as const;
  });
  return { pipeline, cases: Object.fromEntries(cases) };
}

export async function list(
  context: QueryContext,
  { cursor, limit }: Parsed<'pipeline.list'>,
): Promise<Output<'pipeline.list'>> {
  const { project } = context.actor;
  const rows = await listPipelines(context.db, { project, afterName: cursor ?? '', limit });
  return pageOf(rows, { limit, toItem: toPipeline, toCursor: ({ name }) => name });
}

/** Its row is this transaction's until the commit. */
export async function requirePipeline(
  { tx, actor }: CommandContext,
  name: string,
): Promise<PipelineRow> {
  const row = await lockPipeline(tx, actor.project, name);
  if (row === undefined) throw unknownPipeline(name);
  return row;
}

function unknownPipeline(name: string): SignalboxError {
  return new SignalboxError('not_found', `there is no pipeline ${name}`, {
    hint: 'pipeline.set declares one; `signalbox pipeline list` shows those there are.',
  });
}
