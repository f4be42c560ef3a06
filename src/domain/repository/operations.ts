/** Naming repositories. Two spellings of one location are one repository. */
import {
  canonicalUrl,
  type Output,
  type Parsed,
  type Repository,
  SignalboxError,
} from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { present } from '../../core/assert.ts';
import { newId } from '../../core/ids.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { findByUrl, insertRepository, listRepositories, type RepositoryRow } from './queries.ts';

export async function add(
  context: CommandContext,
  input: Parsed<'repository.add'>,
): Promise<Output<'repository.add'>> {
  const row = await ensureRepository(context, input.url, input.baseBranch ?? null);
  if (input.baseBranch !== undefined && row.base_branch !== input.baseBranch) {
    const known = row.base_branch ?? "its HEAD's";
    throw new SignalboxError('conflict', `${row.url} is here already with ${known} as its base`, {
      hint: 'Name another base branch on the task itself, with baseBranch.',
    });
  }
  return toRepository(row);
}

export async function list(
  context: QueryContext,
  input: Parsed<'repository.list'>,
): Promise<Output<'repository.list'>> {
  const rows = await listRepositories(context.db, {
    project: context.actor.project,
    afterId: input.cursor ?? '',
    limit: input.limit,
  });
  return pageOf(rows, { limit: input.limit, toItem: toRepository, toCursor: ({ id }) => id });
}

/** The repository at this location, made known if it was not. */
export async function ensureRepository(
  context: CommandContext,
  url: string,
  baseBranch: string | null,
): Promise<RepositoryRow> {
  const { tx, actor, nowMs, random } = context;
  const canonical = canonicalUrl(url);
  const known = await findByUrl(tx, actor.project, canonical);
  if (known !== undefined) return known;
  const row: RepositoryRow = {
    id: newId('rep', nowMs, random),
    project: actor.project,
    url,
    canonical_url: canonical,
    base_branch: baseBranch,
    created_at_ms: nowMs,
  };
  const isNew = await insertRepository(tx, row);
  if (!isNew) return present(await findByUrl(tx, actor.project, canonical), 'the repository');
  await record(context, { type: 'repository.added', subject: row.id, data: { url } });
  return row;
}

function toRepository(row: RepositoryRow): Repository {
  return {
    id: row.id,
    url: row.url,
    baseBranch: row.base_branch,
    createdAtMs: row.created_at_ms,
  };
}
