/** Title and body of a pull request for the work of a clone, by its repository's convention. */
import type { HandIn } from '../../clone/hand-in.ts';
import { type Clone, fileAt } from '../../clone/open.ts';
import {
  DEFAULT_TEMPLATE,
  type Facts,
  fill,
  type PullRequest,
  readTemplate,
  TEMPLATE_PATH,
} from '../../clone/pull-request.ts';
import type { Base } from '../../clone/remote.ts';
import type { Work } from '../../clone/work.ts';
import type { Client } from '../../client/index.ts';
import { limits } from '../../contract/index.ts';

const COMMITS_MAX = 100;

export async function pullRequestOf(parts: {
  clone: Clone;
  work: Work;
  hub: Client;
  base: Base;
  range: HandIn;
}): Promise<PullRequest> {
  const { clone, work, hub, base, range } = parts;
  const file = { commit: base.commit, path: TEMPLATE_PATH, bytesMax: limits.policyCharsMax };
  const text = await fileAt(clone, file);
  const template = text === null ? DEFAULT_TEMPLATE : readTemplate(text);
  const { task } = await hub.task.show({ id: work.taskId });
  const facts: Facts = {
    'task.id': task.id,
    'task.title': task.title,
    'task.body': task.body.trim(),
    'task.checks': listed(task.checks.map((check) => `\`${check.replaceAll('\n', ' ')}\``)),
    commits: await commitLines(clone, range),
    attempt: String(work.attempt),
    agent: work.agent,
    branch: work.branch,
    base: base.branch,
  };
  return fill(template, facts);
}

async function commitLines({ git, top }: Clone, { base, head }: HandIn): Promise<string> {
  const range = `${base}..${head}`;
  const count = Number(await git.text(['rev-list', '--count', range, '--'], { cwd: top }));
  const args = ['log', `--max-count=${COMMITS_MAX}`, '--format=%h %s', range, '--'];
  const subjects = (await git.text(args, { cwd: top })).split('\n').toReversed();
  const more = count > COMMITS_MAX ? [`and ${count - COMMITS_MAX} before them`] : [];
  return listed([...more, ...subjects]);
}

function listed(lines: readonly string[]): string {
  return lines.length === 0 ? '(none)' : lines.map((line) => `- ${line}`).join('\n');
}
