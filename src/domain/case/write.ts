/**
 * Writing a case: the row, its version and its event. Every write gives the next version, so no
 * number is left out, and a writer that names the version it read never overwrites what it has not
 * seen.
 */
import { type CaseAction, limits, SignalboxError } from '../../contract/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { mergePatch } from './merge-patch.ts';
import {
  type CaseRow,
  findCase,
  forgetState,
  insertCase,
  insertVersion,
  lockCase,
  updateCase,
} from './queries.ts';
import { parseState } from './view.ts';

export interface Write {
  id: string;
  action: CaseAction;
  state: string;
  pipeline: string | null;
  stage: string | null;
  basedOn: number | null;
}

/** Undefined where another writer has opened the case meanwhile. */
export async function writeCase(
  context: CommandContext,
  before: CaseRow | undefined,
  write: Write,
): Promise<CaseRow | undefined> {
  const { tx, actor, nowMs } = context;
  const { id, state, pipeline, stage } = write;
  const row: CaseRow = {
    project: actor.project,
    id,
    version: (before?.version ?? 0) + 1,
    state,
    pipeline,
    stage,
    created_at_ms: before?.created_at_ms ?? nowMs,
    updated_at_ms: nowMs,
    updated_by: actor.name,
  };
  const isWritten = await (before === undefined ? insertCase(tx, row) : updateCase(tx, row));
  if (!isWritten) return undefined;
  await keepVersion(context, row, write);
  const type = before === undefined ? 'case.created' : EVENTS[write.action];
  await record(context, {
    type,
    subject: id,
    data: {
      version: row.version,
      ...(pipeline === null ? {} : { pipeline }),
      ...(stage === null ? {} : { stage }),
    },
  });
  return row;
}

const EVENTS = { put: 'case.changed', patch: 'case.changed', advance: 'case.advanced' } as const;

async function keepVersion({ tx }: CommandContext, row: CaseRow, write: Write): Promise<void> {
  const { project, id: caseId, version } = row;
  await insertVersion(tx, {
    project,
    case_id: caseId,
    version,
    action: write.action,
    actor: row.updated_by,
    at_ms: row.updated_at_ms,
    stage: row.stage,
    based_on: write.basedOn,
    state: row.state,
  });
  await forgetState(tx, { project, caseId, version: version - limits.caseStatesKept });
}

export async function requireCase({ db, actor }: QueryContext, id: string): Promise<CaseRow> {
  const row = await findCase(db, actor.project, id);
  if (row === undefined) throw unknownCase(id);
  return row;
}

export async function requireLocked(
  { tx, actor }: CommandContext,
  { id, version }: { id: string; version?: number | undefined },
): Promise<CaseRow> {
  const row = await lockCase(tx, actor.project, id);
  if (row === undefined) throw unknownCase(id);
  checkVersion(row, version, id);
  return row;
}

export function checkVersion(
  row: CaseRow | undefined,
  named: number | undefined,
  id: string,
): void {
  const version = row?.version ?? 0;
  if (named === undefined || named === version) return;
  const is = row === undefined ? 'is not there' : `has version ${version}`;
  throw new SignalboxError('conflict', `case ${id} ${is}; you have read version ${named}`, {
    hint: `Read it again (case.get, \`signalbox case show ${id}\`), and write on top of that.`,
    details: { version },
  });
}

function unknownCase(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no case ${id}`, {
    hint: 'case.put opens one; `signalbox case list` shows those of your project.',
  });
}

/** The state with a patch, as JSON text. */
export function patched(row: CaseRow, patch: Record<string, unknown>): string {
  const json = JSON.stringify(mergePatch(parseState(row.state), patch));
  if (json.length <= limits.caseStateCharsMax) return json;
  const message = `the state of case ${row.id} would have ${json.length} characters of JSON`;
  throw new SignalboxError('too_large', message, {
    hint: 'Keep what is large as an artifact, and its id in the state.',
    details: { charsMax: limits.caseStateCharsMax },
  });
}
