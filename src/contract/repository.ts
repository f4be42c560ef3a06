/**
 * Repositories. The hub names them and never opens them: sidecars and verifiers run git.
 * A repository is identified by its canonical location, so that two spellings are one repository.
 */
import { z } from 'zod';
import { locationProblem } from '../core/git-names.ts';
import { BranchName, page, pageInput, RepositoryId, text, TimeMs } from './shape.ts';
import { command, query } from './operation.ts';

/** No part begins with a dash, which a program that git runs could take for an option. */
const SCHEMES = /^(https?|ssh|git|file):\/\/[^\s-][^\s]*$/i;
const SCP_LIKE = /^[A-Za-z0-9._][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s-][^\s]*$/;

const LOCATION =
  'no repository: give https://…, ssh://…, user@host:path, file:///… or an absolute path';

/**
 * A location that git can clone: a URL, `user@host:path`, or an absolute path. Remote helpers such
 * as `ext::` run commands and are refused, and so is a password written into a URL.
 */
export const RepositoryUrl = text(1_000)
  .refine(
    (url) =>
      (SCHEMES.test(url) || SCP_LIKE.test(url) || url.startsWith('/')) &&
      // eslint-disable-next-line no-control-regex -- they are what is looked for
      !/[\u0000-\u001f\u007f]/.test(url),
    { error: LOCATION, abort: true },
  )
  .refine((url) => !url.split('/').includes('..'), {
    error: 'the repository\'s location is not taken: it holds ".."',
    abort: true,
  })
  .refine((url) => !/^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(url), {
    error: 'the URL holds a password: leave it out, and give git a credential helper instead',
    abort: true,
  })
  .refine((url) => locationProblem(url) === null, {
    // The text itself is not told: it may hold a password.
    error: ({ input }) =>
      `the repository's location is not taken: ${locationProblem(String(input))}`,
  });

/**
 * The form under which a location is compared. A server takes `/x.git` and `/x` for the same; on a
 * disk they are two folders, often a bare repository beside the working copy it was made from.
 */
export function canonicalUrl(url: string): string {
  const trimmed = url.replace(/\/+$/, '');
  if (trimmed.startsWith('/')) return `file://${trimmed}`;
  const match = /^([a-z]+):\/\/([^/]*)(.*)$/i.exec(trimmed);
  if (match === null) return trimmed.replace(/\.git$/, '');
  const [scheme, host, path] = [match[1] ?? '', match[2] ?? '', match[3] ?? ''];
  const isOnDisk = scheme.toLowerCase() === 'file';
  const place = isOnDisk ? path : path.replace(/\.git$/, '');
  return `${scheme.toLowerCase()}://${host.toLowerCase()}${place}`;
}

export const Repository = z.strictObject({
  id: RepositoryId,
  url: z.string(),
  /** Null: the branch that the repository's own HEAD names. */
  baseBranch: BranchName.nullable(),
  createdAtMs: TimeMs,
});
export type Repository = z.infer<typeof Repository>;

export const repositoryOperations = {
  'repository.add': command('repository.add', {
    scope: 'submit',
    summary: 'Names a repository, or answers the one that has this location already.',
    input: z.strictObject({ url: RepositoryUrl, baseBranch: BranchName.optional() }),
    output: Repository,
    errors: ['conflict'],
  }),
  'repository.list': query('repository.list', {
    scope: 'read',
    summary: 'The repositories of the project.',
    input: z.strictObject(pageInput),
    output: page(Repository),
  }),
};
