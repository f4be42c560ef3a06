/** Reading and writing cases. */
import { type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { requirePipeline } from './pipelines.ts';
import { type CaseRow, findVersion, listCases, listVersions, lockCase } from './queries.ts';
import { parseState, stagesOf, toEntry, toHead } from './view.ts';
import { checkVersion, patched, requireCase, requireLocked, writeCase } from './write.ts';

export async function get(
  context: QueryContext,
  { id, version }: Parsed<'case.get'>,
): Promise<Output<'case.get'>> {
  const row = await requireCase(context, id);
  if (version === undefined || version === row.version) {
    return { ...toHead(row), state: parseState(row.state) };
  }
  const { project } = context.actor;
  const old = await findVersion(context.db, { project, caseId: id, version });
  if (old === undefined || old.state === null) throw notKept(row, version);
  return {
    ...toHead(row),
    version,
    stage: old.stage,
    updatedAtMs: old.at_ms,
    updatedBy: old.actor,
    state: parseState(old.state),
  };
}

function notKept({ id, version: newest }: CaseRow, version: number): SignalboxError {
  const isFuture = version > newest;
  const message = isFuture
    ? `case ${id} has ${newest} versions, not ${version}`
    : `the state of version ${version} of case ${id} is no longer kept`;
  return new SignalboxError('not_found', message, {
    hint: 'case.history lists all writes; the states of the newest ones are kept.',
    details: { version: newest },
  });
}

export async function put(
  context: CommandContext,
  input: Parsed<'case.put'>,
): Promise<Output<'case.put'>> {
  const { id, version } = input;
  const before = await lockCase(context.tx, context.actor.project, id);
  checkVersion(before, version, id);
  const row = await writeCase(context, before, {
    id,
    action: 'put',
    state: JSON.stringify(input.state),
    basedOn: version ?? null,
    ...(await placeOf(context, before, input)),
  });
  // Another writer opened it first: this one comes after it, on top of a row that is there now.
  return row === undefined ? put(context, input) : toHead(row);
}

type Place = Pick<CaseRow, 'pipeline' | 'stage'>;

/** A case in a pipeline stays in it, and moves by `case.advance` alone. */
async function placeOf(
  context: CommandContext,
  before: CaseRow | undefined,
  { id, pipeline, stage }: Parsed<'case.put'>,
): Promise<Place> {
  const known: Place = {
    pipeline: before?.pipeline ?? null,
    stage: before?.stage ?? null,
  };
  if (known.pipeline === null) {
    if (pipeline !== undefined)
      return beginning(context, pipeline, { asked: stage, before: known.stage });
    return { pipeline: null, stage: stage === undefined ? known.stage : stage };
  }
  if (pipeline !== undefined && pipeline !== known.pipeline) {
    throw new SignalboxError('conflict', `case ${id} is in the pipeline ${known.pipeline}`, {
      hint: 'A case stays in its pipeline: leave `pipeline` out, or open another case.',
      details: { pipeline: known.pipeline },
    });
  }
  if (stage !== undefined && stage !== known.stage) {
    throw new SignalboxError('conflict', `case ${id} is in the stage ${known.stage}`, {
      hint: 'Leave `stage` out: case.advance moves a case through its pipeline.',
      details: { stage: known.stage },
    });
  }
  return known;
}

/** Where it was already, if the pipeline has that stage; else at its first one. */
async function beginning(
  context: CommandContext,
  pipeline: string,
  { asked, before }: { asked: string | null | undefined; before: string | null },
): Promise<Place> {
  const names = stagesOf(await requirePipeline(context, pipeline)).map(({ name }) => name);
  if (asked === null) return { pipeline, stage: null };
  const wanted = asked ?? before;
  if (wanted !== null && names.includes(wanted)) return { pipeline, stage: wanted };
  if (asked === undefined) return { pipeline, stage: names[0] ?? null };
  throw new SignalboxError('conflict', `the pipeline ${pipeline} has no stage ${asked}`, {
    hint: `Its stages are ${names.join(', ')}.`,
    details: { stages: names },
  });
}

export async function patch(
  context: CommandContext,
  input: Parsed<'case.patch'>,
): Promise<Output<'case.patch'>> {
  const before = await requireLocked(context, input);
  const { id, pipeline, stage } = before;
  const basedOn = input.version ?? null;
  const state = patched(before, input.patch);
  const write = { id, action: 'patch', state, pipeline, stage, basedOn } as const;
  return toHead((await writeCase(context, before, write)) ?? before);
}

export async function list(
  context: QueryContext,
  { cursor, limit, pipeline, stage }: Parsed<'case.list'>,
): Promise<Output<'case.list'>> {
  const { project } = context.actor;
  const page = { project, afterId: cursor ?? '', limit, pipeline, stage };
  const rows = await listCases(context.db, page);
  return pageOf(rows, { limit, toItem: toHead, toCursor: ({ id }) => id });
}

export async function history(
  context: QueryContext,
  { id, cursor, limit }: Parsed<'case.history'>,
): Promise<Output<'case.history'>> {
  await requireCase(context, id);
  const beforeVersion = cursor === undefined ? Number.MAX_SAFE_INTEGER : versionOf(cursor);
  const { project } = context.actor;
  const rows = await listVersions(context.db, { project, caseId: id, beforeVersion, limit });
  const last = rows.length === limit ? rows.at(-1)?.version : undefined;
  return { items: rows.map(toEntry), nextCursor: last === undefined ? null : String(last) };
}

function versionOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new SignalboxError('invalid_input', 'this is no cursor of a history', {
    hint: 'Give the nextCursor of the page before.',
  });
}
