/**
 * A repository as a person names it, turned into the location that every sidecar and verifier will
 * read. A path of this machine is made absolute and looked at now, because a task that nobody can
 * clone is better refused than retried.
 */
import { resolve } from 'node:path';
import type { Context } from '../context.ts';

const REMOTE = /^([a-z][a-z0-9+.-]*:\/\/|[^/\s]+@[^/\s]+:)/i;
const FILE = /^file:\/\//i;

export async function repositoryUrl(
  { cwd, env }: Pick<Context, 'cwd' | 'env'>,
  text: string,
): Promise<string> {
  if (REMOTE.test(text) && !FILE.test(text)) return text;
  const { parseLocation } = await import('../../git/names.ts');
  const { checkLocation } = await import('../../git/peer.ts');
  const { createGit } = await import('../../git/run.ts');
  const location = parseLocation(FILE.test(text) ? text : resolve(cwd, text));
  await checkLocation(createGit({ env }), location);
  return location.url;
}
