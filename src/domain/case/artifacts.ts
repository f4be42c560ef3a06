/**
 * Artifacts: rows that name content by its hash. The same name in the same stage is a new version,
 * and the earlier ones stay; the same content under it changes nothing.
 */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { pageOf } from '../../core/page.ts';
import type { Written } from '../../store/blobs.ts';
import type { Db } from '../../store/db.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import {
  type ArtifactRow,
  countArtifacts,
  findArtifact,
  findLatestArtifact,
  insertArtifact,
  listArtifacts,
  supersedeArtifact,
} from './artifact-queries.ts';
import { findPipeline } from './pipeline-queries.ts';
import type { CaseRow } from './queries.ts';
import { stagesOf, toArtifact } from './view.ts';
import { requireCase, requireLocked } from './write.ts';

type Wanted = Parsed<'artifact.upload'>;

export const upload = {
  /** Before the stream is read: is there a place for it? */
  async check(context: QueryContext, input: Wanted): Promise<void> {
    await stageFor(context.db, await requireCase(context, input.caseId), input.stage);
  },

  /** All of it is on disk: names it. */
  async keep(
    context: CommandContext,
    input: Wanted,
    blob: Written,
  ): Promise<Output<'artifact.upload'>> {
    const { tx, actor, nowMs, random } = context;
    const { project } = actor;
    const { caseId, name, mediaType } = input;
    const stage = await stageFor(tx, await requireLocked(context, { id: caseId }), input.stage);
    const latest = await findLatestArtifact(tx, { project, caseId, stage, name });
    if (latest?.sha256 === blob.sha256 && latest.media_type === mediaType) {
      return toArtifact(latest);
    }
    await checkCount(context, caseId);
    if (latest !== undefined) await supersedeArtifact(tx, latest.id);
    await blob.keep(tx, nowMs);
    const row: ArtifactRow = {
      id: newId('art', nowMs, random),
      project,
      case_id: caseId,
      stage,
      name,
      version: (latest?.version ?? 0) + 1,
      is_latest: 1,
      media_type: mediaType,
      bytes: blob.bytes,
      sha256: blob.sha256,
      uploaded_by: actor.name,
      created_at_ms: nowMs,
    };
    await insertArtifact(tx, row);
    const data = { artifactId: row.id, stage, name, version: row.version };
    await record(context, { type: 'case.uploaded', subject: caseId, data });
    return toArtifact(row);
  },
};

/** A stage of the pipeline, where the case is in one. */
async function stageFor(db: Db, row: CaseRow, asked: string | undefined): Promise<string> {
  const stage = asked ?? row.stage;
  if (stage === null) {
    throw new SignalboxError('conflict', `case ${row.id} is in no stage yet`, {
      hint: 'Name with `stage` where the artifact belongs.',
    });
  }
  if (row.pipeline === null || stage === row.stage) return stage;
  const pipeline = await findPipeline(db, row.project, row.pipeline);
  const names = pipeline === undefined ? [] : stagesOf(pipeline).map(({ name }) => name);
  if (names.includes(stage)) return stage;
  throw new SignalboxError('conflict', `the pipeline ${row.pipeline} has no stage ${stage}`, {
    hint: `Its stages are ${names.join(', ')}.`,
    details: { stages: names },
  });
}

async function checkCount({ tx, actor }: CommandContext, caseId: string): Promise<void> {
  const { artifactsMax } = limits;
  const { count } = (await countArtifacts(tx, actor.project, caseId)) ?? { count: 0 };
  if (count < artifactsMax) return;
  throw new SignalboxError('too_large', `case ${caseId} has ${artifactsMax} artifacts already`, {
    hint: 'Put many files into one archive, or open another case.',
    details: { artifactsMax },
  });
}

export async function download(
  { db, actor }: QueryContext,
  { id }: Parsed<'artifact.download'>,
): Promise<Output<'artifact.download'>> {
  const row = await findArtifact(db, actor.project, id);
  if (row !== undefined) return toArtifact(row);
  throw new SignalboxError('not_found', `there is no artifact ${id}`, {
    hint: 'artifact.list names those of a case.',
  });
}

export async function list(
  context: QueryContext,
  { cursor, ...input }: Parsed<'artifact.list'>,
): Promise<Output<'artifact.list'>> {
  await requireCase(context, input.caseId);
  const { project } = context.actor;
  const { stage, name } = input;
  const page = { ...input, project, stage, name, afterId: cursor ?? '' };
  const rows = await listArtifacts(context.db, page);
  return pageOf(rows, { limit: input.limit, toItem: toArtifact, toCursor: ({ id }) => id });
}
