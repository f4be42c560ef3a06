/** Brings the branch of an attempt up to its base branch, or says how far that has moved. */
import { committerEnv } from '../../clone/cut.ts';
import { fetchBase } from '../../clone/remote.ts';
import { mustBeClean, mustBeFinished } from '../../clone/state.ts';
import { distance, syncBranch, type Synced } from '../../clone/sync.ts';
import type { Context } from '../context.ts';
import { atWork } from '../git/agent.ts';
import { commits } from '../words/git.ts';

const CLEAN = 'Commit it first, or put it aside and take it back after: git stash, git stash pop';

export async function syncWork(context: Context): Promise<void> {
  const { options, output } = context;
  const { clone, state, work, remote } = await atWork(context);
  mustBeFinished(state);
  const base = await fetchBase(clone, remote, work.baseBranch);
  const from = `${remote.name}/${base.branch}`;
  const apart = await distance(clone, { base: base.commit, head: state.head ?? '' });
  if (apart?.behind !== 0) mustBeClean(state, CLEAN);
  const synced = await syncBranch(clone, {
    base: base.commit,
    pushed: base.heads.get(work.branch) ?? null,
    wantsMerge: options.has('merge'),
    env: await committerEnv(clone, work.agent),
  });
  const { behind = 0, ahead = 0 } = apart ?? {};
  const told = { ...synced, base: base.commit, behind, ahead };
  output.give(told, () => [inWords(synced, { from, behind, ahead })]);
}

interface Moved {
  from: string;
  behind: number;
  ahead: number;
}

function inWords(synced: Synced, { from, behind, ahead }: Moved): string {
  if (synced.kind === 'current') return `Nothing to do: all of ${from} is in it.`;
  const moved = `${from} was ${commits(behind)} ahead.`;
  if (synced.kind === 'rebased') return `${moved} ${commits(ahead)} of yours now stand on it.`;
  const reasons = {
    plain: '',
    asked: '',
    pushed: ' It was not rebased: it was pushed, and nothing is pushed by force.',
    merges: ' It was not rebased: it holds merges.',
  };
  return `${moved} It is merged in.${reasons[synced.why]}`;
}
