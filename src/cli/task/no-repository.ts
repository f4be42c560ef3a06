/**
 * A task without a repository is in order, and easily not what was meant: its work ends as a report
 * and not as a commit. So it is said, beside the result, with what would have made it land.
 */
import { repositoryOf } from '../../hooks/entry/repository.ts';
import type { Context } from '../context.ts';

interface Asked {
  repository?: string | undefined;
}

/** Of one task, or of all tasks of a file. */
export function tellNoRepository(
  { output, cwd }: Pick<Context, 'output' | 'cwd'>,
  asked: Asked | readonly Asked[],
): void {
  const all = [asked].flat();
  const without = all.filter(({ repository }) => repository === undefined).length;
  if (without === 0 || output.isJson) return;
  const some = all.length === without ? '' : ` for ${without} of ${all.length} tasks`;
  const kept = 'so nothing lands; what the agent says is kept as its report';
  output.note(`no repository${some}, ${kept}`, 'note');
  const here = repositoryOf(cwd);
  const isCloned = here !== undefined && here.url !== here.top;
  const place = isCloned ? here.url : 'URL';
  output.note(`Where it is to land, say so: --repo ${place}`, 'hint');
}
