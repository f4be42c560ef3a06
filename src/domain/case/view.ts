/** Rows as the contract shows them. */
import {
  type Artifact,
  type CaseEntry,
  type CaseHead,
  CaseState,
  Pipeline,
} from '../../contract/index.ts';
import type { ArtifactRow } from './artifact-queries.ts';
import type { PipelineRow } from './pipeline-queries.ts';
import type { CaseHeadRow, VersionRow } from './queries.ts';

export function toHead(row: CaseHeadRow): CaseHead {
  return {
    id: row.id,
    version: row.version,
    pipeline: row.pipeline,
    stage: row.stage,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    updatedBy: row.updated_by,
  };
}

export function parseState(json: string): CaseState {
  return CaseState.parse(JSON.parse(json));
}

export function toEntry(row: Omit<VersionRow, 'state'>): CaseEntry {
  const { version, action, actor, stage } = row;
  return { version, action, actor, stage, atMs: row.at_ms, basedOn: row.based_on };
}

export function toPipeline(row: PipelineRow): Pipeline {
  return {
    name: row.name,
    stages: stagesOf(row),
    updatedAtMs: row.updated_at_ms,
    updatedBy: row.updated_by,
  };
}

export function stagesOf({ stages }: Pick<PipelineRow, 'stages'>): Pipeline['stages'] {
  return Pipeline.shape.stages.parse(JSON.parse(stages));
}

export function toArtifact(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    caseId: row.case_id,
    stage: row.stage,
    name: row.name,
    version: row.version,
    mediaType: row.media_type,
    bytes: row.bytes,
    sha256: row.sha256,
    uploadedBy: row.uploaded_by,
    createdAtMs: row.created_at_ms,
  };
}
