/**
 * Who holds a lock, and what of, as a command line says it: paths from the working folder, the
 * session that this process belongs to, and inside of an attempt its task.
 */
import { type LockHolder, type LockItem, SignalboxError } from '../contract/index.ts';
import { placeOf, repositoryOf } from '../hooks/entry/repository.ts';
import { sessionKey } from '../hooks/entry/session.ts';
import type { Context } from './context.ts';
import { repositoryUrl } from './task/repository-url.ts';

export function holderOf({ options, env }: Pick<Context, 'options' | 'env'>): LockHolder {
  const taskId = env['SIGNALBOX_TASK_ID'];
  const fence = Number(env['SIGNALBOX_FENCE']);
  const session = options.text('session');
  if (session !== undefined) return { session };
  if (taskId !== undefined && Number.isSafeInteger(fence) && fence > 0) return { taskId, fence };
  return { session: sessionKey(env, process.ppid) };
}

/** With `--repo` paths are from its top; without, from the folder where the command is typed. */
export async function itemsOf(context: Context): Promise<LockItem[]> {
  const { options, args, cwd } = context;
  const things = options.list('name') ?? [];
  const repo = options.text('repo');
  const url = repo === undefined ? undefined : await repositoryUrl(context, repo);
  if (url === undefined && args.length > 0 && repositoryOf(cwd) === undefined) throw nowhere(cwd);
  const paths = args.map((path) =>
    url === undefined ? pathHere(context, path) : { path, repository: url },
  );
  return [...paths, ...things.map((name) => ({ name }))];
}

function pathHere({ cwd, env }: Context, written: string): LockItem {
  const found = placeOf(written.endsWith('/') ? `${written}**` : written, cwd);
  if (found === undefined || found.path === '') {
    throw new SignalboxError('invalid_input', `\`${written}\` is no path in this repository.`, {
      hint: 'Give a path or a pattern below its top folder; ** is all of it.',
    });
  }
  const named = env['SIGNALBOX_REPOSITORY'];
  const isNamed = named !== undefined && named !== '';
  return { path: found.path, repository: isNamed ? named : found.repository };
}

function nowhere(cwd: string): SignalboxError {
  return new SignalboxError('invalid_input', `${cwd} is in no git repository.`, {
    hint: 'Go into one, or name it: --repo https://…',
  });
}
