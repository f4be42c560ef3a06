/** Remembering, recalling and forgetting. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  limits,
  type MemoryItem,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import { newId } from '../../core/ids.ts';
import type { Db } from '../../store/db.ts';
import { lockAgent, registerActor } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { ensureRepository, findRepository } from '../repository/index.ts';
import {
  type Candidate,
  deleteMemory,
  findAlike,
  findMemory,
  insertMemory,
  listCandidates,
  listMemories,
  type MemoryRow,
} from './queries.ts';
import { fold, plainPath, scoreOf, type Wanted, wordsOf } from './ranking.ts';

/** The agent's row is held, so that two calls at once do not both find nothing alike. */
export async function remember(
  context: CommandContext,
  input: Parsed<'memory.remember'>,
): Promise<Output<'memory.remember'>> {
  const { tx, actor, nowMs } = context;
  await registerActor(context);
  await lockAgent(tx, actor.project, actor.key);
  const digest = digestOf(input);
  const alike = await findAlike(tx, {
    project: actor.project,
    agentKey: actor.key,
    digest,
    afterMs: nowMs - limits.memoryAlikeMs,
  });
  if (alike !== undefined) {
    return { id: alike.id, isNew: false, createdAtMs: alike.created_at_ms };
  }
  const row = await toRow(context, input, digest);
  await insertMemory(tx, row);
  await record(context, { type: 'memory.stored', subject: row.id, data: { name: row.type } });
  return { id: row.id, isNew: true, createdAtMs: nowMs };
}

/** Two sessions may be about the same thing, so in the working layer the session counts too. */
function digestOf({ layer, type, text, session }: Parsed<'memory.remember'>): string {
  const same = JSON.stringify([layer, type, text, layer === 'working' ? session : undefined]);
  return createHash('sha256').update(same).digest('hex');
}

async function toRow(
  context: CommandContext,
  input: Parsed<'memory.remember'>,
  digest: string,
): Promise<MemoryRow> {
  const { actor, nowMs, random } = context;
  const { text, layer, type, repository: url, session = null } = input;
  const repository = url === undefined ? undefined : await ensureRepository(context, url, null);
  const tags = [...new Set(input.tags)];
  return {
    id: newId('mem', nowMs, random),
    project: actor.project,
    agent: actor.name,
    agent_key: actor.key,
    layer,
    type,
    body: text,
    folded: fold([text, type, ...tags].join('\n')),
    chars: text.length,
    tags: JSON.stringify(tags),
    paths: JSON.stringify([...new Set(input.paths.map(plainPath))]),
    repository_id: repository?.id ?? null,
    session,
    digest,
    created_at_ms: nowMs,
  };
}

interface Ranked {
  candidate: Candidate;
  score: number;
}

export async function recall(
  { db, actor }: QueryContext,
  input: Parsed<'memory.recall'>,
): Promise<Output<'memory.recall'>> {
  const wanted: Wanted = {
    words: wordsOf(input.query ?? ''),
    tags: [...new Set(input.tags)],
    paths: (input.paths ?? []).map(plainPath),
  };
  const candidates = await listCandidates(db, {
    project: actor.project,
    layers: input.layers,
    agentKey: input.agent === undefined ? undefined : nameKey(input.agent),
    session: input.session,
    lookedAt: limits.memoryLookedAt,
    words: wanted.words,
    tags: wanted.tags,
    hasPaths: wanted.paths.length > 0,
  });
  const ranked = rank(candidates, wanted);
  const given = fitting(ranked, input);
  return { items: await toItems(db, actor.project, given), left: ranked.length - given.length };
}

/** Candidates come newest first, and sorting keeps the order of equals. */
function rank(candidates: readonly Candidate[], wanted: Wanted): Ranked[] {
  const isAsked = [wanted.words, wanted.tags, wanted.paths].some(({ length }) => length > 0);
  if (!isAsked) return candidates.map((candidate) => ({ candidate, score: 0 }));
  return candidates
    .map((candidate) => ({ candidate, score: scoreOf(toRemembered(candidate), wanted) }))
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score);
}

/** The best that fit: a long one that does not fit any more leaves its room to shorter ones. */
function fitting(ranked: readonly Ranked[], bounds: { limit: number; charsMax: number }): Ranked[] {
  const given: Ranked[] = [];
  let charsLeft = bounds.charsMax;
  for (const one of ranked) {
    if (given.length === bounds.limit) break;
    if (one.candidate.chars > charsLeft) continue;
    charsLeft -= one.candidate.chars;
    given.push(one);
  }
  return given;
}

async function toItems(db: Db, project: string, given: readonly Ranked[]): Promise<MemoryItem[]> {
  if (given.length === 0) return [];
  const rows = await listMemories(
    db,
    given.map(({ candidate }) => candidate.id),
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  const urls = await urlsOf(db, project, rows);
  // What was taken back between the two looks is not there any more.
  return given.flatMap(({ candidate, score }) => {
    const row = byId.get(candidate.id);
    return row === undefined
      ? []
      : [toItem(row, { score, repository: urls.get(row.repository_id ?? '') ?? null })];
  });
}

async function urlsOf(
  db: Db,
  project: string,
  rows: readonly MemoryRow[],
): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  for (const id of new Set(rows.map((row) => row.repository_id))) {
    if (id === null) continue;
    urls.set(id, present(await findRepository(db, project, id), 'the repository').url);
  }
  return urls;
}

function toItem(row: MemoryRow, more: Pick<MemoryItem, 'score' | 'repository'>): MemoryItem {
  return {
    id: row.id,
    text: row.body,
    layer: row.layer,
    type: row.type,
    tags: listOf(row.tags),
    paths: listOf(row.paths),
    agent: row.agent,
    createdAtMs: row.created_at_ms,
    ...more,
  };
}

function toRemembered({ folded, tags, paths }: Candidate) {
  return { folded, tags: listOf(tags), paths: listOf(paths) };
}

const Texts = z.array(z.string());

function listOf(json: string): string[] {
  return Texts.parse(JSON.parse(json));
}

export async function forget(
  context: CommandContext,
  { id }: Parsed<'memory.forget'>,
): Promise<Output<'memory.forget'>> {
  const { tx, actor } = context;
  const row = await findMemory(tx, actor.project, id);
  if (row === undefined) throw unknownMemory(id);
  const isPerson = actor.role === 'admin' || actor.role === 'operator';
  if (!isPerson && row.agent_key !== actor.key) {
    throw new SignalboxError('forbidden', `${id} was remembered by ${row.agent}`, {
      hint: 'Only its author or a person takes it back; remember what you know better beside it.',
    });
  }
  if (!(await deleteMemory(tx, id))) throw unknownMemory(id);
  await record(context, { type: 'memory.forgotten', subject: id, data: { agent: row.agent } });
  return { id };
}

function unknownMemory(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no memory ${id}`, {
    hint: '`signalbox recall` shows what is remembered, each with its id.',
  });
}
