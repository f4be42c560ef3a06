/**
 * What is to be locked, as locks are compared: a scope (the repository, or the names of things), a
 * pattern, and the folder below which all that it meets lies.
 */
import { canonicalUrl, type Lock, type LockItem, SignalboxError } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import {
  ensureRepository,
  findRepositoryByUrl,
  listRepositories,
  type RepositoryRow,
} from '../repository/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { parsePattern, type Pattern } from './pattern.ts';

export type ShownItem = Lock['items'][number];

export interface Item {
  scope: string;
  pattern: Pattern;
  shown: ShownItem;
}

/** Names are compared as they stand, in a scope of their own. */
export const THINGS = 'name';

/** Makes repositories known that were not, as every command does that names one. */
export function itemsToTake(context: CommandContext, wanted: readonly LockItem[]): Promise<Item[]> {
  const { tx, actor } = context;
  return resolve(wanted, (url) =>
    url === undefined ? onlyRepository(tx, actor.project) : ensureRepository(context, url, null),
  );
}

/** What is of a repository that nobody has named yet is left out: nothing can be in its way. */
export function itemsToLookAt(
  { db, actor }: Pick<QueryContext, 'db' | 'actor'>,
  wanted: readonly LockItem[],
): Promise<Item[]> {
  return resolve(wanted, (url) =>
    url === undefined
      ? onlyRepository(db, actor.project)
      : findRepositoryByUrl(db, actor.project, canonicalUrl(url)),
  );
}

type FindRepository = (url: string | undefined) => Promise<RepositoryRow | undefined>;

async function resolve(wanted: readonly LockItem[], find: FindRepository): Promise<Item[]> {
  const known = new Map<string | undefined, RepositoryRow | undefined>();
  const items = new Map<string, Item>();
  for (const one of wanted) {
    if ('name' in one) {
      const item = thing(one.name);
      items.set(`${item.scope}\0${item.pattern.text}`, item);
      continue;
    }
    if (!known.has(one.repository)) known.set(one.repository, await find(one.repository));
    const repository = known.get(one.repository);
    const pattern = patternOf(one.path);
    if (repository === undefined) continue;
    items.set(`${repository.id}\0${pattern.text}`, pathItem(repository, pattern));
  }
  return [...items.values()];
}

function thing(name: string): Item {
  return { scope: THINGS, pattern: literal(name), shown: { name } };
}

export function pathItem(repository: { id: string; url: string }, pattern: Pattern): Item {
  const shown = { path: pattern.text, repository: repository.url, repositoryId: repository.id };
  return { scope: repository.id, pattern, shown };
}

function literal(text: string): Pattern {
  return { text, isLiteral: true, base: text };
}

/** The pattern, or the refusal thrown. */
export function patternOf(path: string): Pattern {
  const pattern = parsePattern(path);
  if (typeof pattern !== 'string') return pattern;
  throw new SignalboxError('invalid_input', `${JSON.stringify(path.slice(0, 80))}: ${pattern}`, {
    hint: 'A path of the repository or a pattern of it, such as src/a.ts, src/** or *.{ts,tsx}.',
  });
}

/** As the pattern is kept and shown, or the refusal thrown. */
export function canonicalPattern(path: string): string {
  return patternOf(path).text;
}

async function onlyRepository(db: Db, project: string): Promise<RepositoryRow> {
  const [first, second] = await listRepositories(db, { project, afterId: '', limit: 2 });
  if (first !== undefined && second === undefined) return first;
  const count = first === undefined ? 'no repository' : 'several repositories';
  throw new SignalboxError('invalid_input', `the project has ${count}: say which one is meant`, {
    hint: 'Give each path its repository: {"path": "src/a.ts", "repository": "https://…"}.',
  });
}

/** How an item is called in a sentence. */
export function wordOf(item: ShownItem): string {
  return 'name' in item ? item.name : item.path;
}
