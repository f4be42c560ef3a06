/** Prints the title and body of a pull request, for whoever opens it. */
import { workOf } from '../../clone/hand-in.ts';
import { fetchBase } from '../../clone/remote.ts';
import type { Context } from '../context.ts';
import { atWork, hubOf } from '../git/agent.ts';
import { pullRequestOf } from '../git/pull-request.ts';
import { harmless } from '../terminal/harmless.ts';

export async function showPullRequest(context: Context): Promise<void> {
  const { output, options } = context;
  const { clone, work, remote } = await atWork(context);
  const hub = await hubOf(context, work);
  const base = await fetchBase(clone, remote, work.baseBranch);
  const range = await workOf(clone, base.commit);
  const { title, body } = await pullRequestOf({ clone, work, hub, base, range });
  const told = { title, body, head: work.branch, base: base.branch };
  output.give(told, () => {
    if (options.has('titleOnly')) return [harmless(title)];
    if (options.has('bodyOnly')) return [harmless(body)];
    return [harmless(title), '', harmless(body)];
  });
}
