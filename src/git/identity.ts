/** Who commits: what the user has told git, else an identity of our own. */
import type { Git, Identity } from './run.ts';

/**
 * Variables that give git an identity, or none where the user's configuration has one. Also for
 * the command in a worktree, so that its `git commit` works on a bare machine.
 */
export async function identityEnv(
  git: Git,
  options: { gitDir?: string; identity?: Identity | undefined } = {},
): Promise<Record<string, string>> {
  const at = options.gitDir === undefined ? {} : { gitDir: options.gitDir };
  // Without this git makes one up from the names of the user and the machine.
  const args = ['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT'];
  const { exitCode } = await git.run(args, { ...at, okCodes: [0, 128] });
  if (exitCode === 0) return {};
  const { name, email } = clean(options.identity ?? git.identity);
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

/** git refuses a name of which nothing is left without these signs. */
function clean({ name, email }: Identity): Identity {
  const strip = (text: string): string => text.replace(/[<>\p{Cc}]/gu, '').trim();
  return {
    name: /[\p{L}\p{N}]/u.test(name) ? strip(name) : 'Signalbox',
    email: strip(email) || 'signalbox@localhost',
  };
}
