/**
 * Issues with a label become tasks, each once. Only reading is done on GitHub; whoever wants the
 * issues closed says so in the commit, as always.
 */
import { Capability, isPassing, Lane, limits, SignalboxError } from '../../contract/index.ts';
import type { Client } from '../../client/index.ts';
import { systemRandom } from '../../core/random.ts';
import type { GitHub, IssueQuery, RepositoryName } from '../../outbound/github.ts';
import { planLines } from '../batch/plan.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { type ImportRules, labelKey } from '../import/issue-order.ts';
import { type ImportedIssue, playRound, submitBatch } from '../import/rounds.ts';
import { misfit } from '../options.ts';
import { theOne } from '../terminal/paging.ts';
import { repositoryUrl } from '../task/repository-url.ts';
import { stateWord } from '../terminal/states.ts';
import { fromFlags, readOrder } from '../task/task-order.ts';
import { clockTime, counted } from '../words/time.ts';

const LABEL = 'signalbox';

interface Import {
  context: Context;
  github: GitHub;
  query: IssueQuery;
  rules: ImportRules;
  limit: number;
}

export async function importGitHub(context: Context): Promise<void> {
  const { options, clock } = context;
  const everyMs = everyOf(context);
  const signal = context.interruption();
  const one = await prepare(context, signal);
  if (options.has('dryRun')) return showPlan(one);
  const hub = await context.hub();
  if (everyMs === undefined) return importOnce(one, hub);
  while (!signal.aborted) {
    const waitMs = await importOnce(one, hub).then(
      () => everyMs,
      (error: unknown) => (signal.aborted ? 0 : tellTrouble(context, error, everyMs)),
    );
    await clock.sleep(waitMs, signal);
  }
}

function everyOf({ options }: Context): number | undefined {
  const everyMs = options.durationMs('every');
  if (everyMs === undefined || everyMs >= limits.importEveryMsMin) return everyMs;
  throw new SignalboxError('invalid_input', '--every is shorter than 30s.', {
    hint: 'GitHub counts requests: give 30s or more, such as 5m.',
  });
}

async function prepare(context: Context, signal: AbortSignal): Promise<Import> {
  const { options, env, clock } = context;
  const name = nameOf(theOne(context));
  const limit =
    options.integer('limit', { min: 1, max: limits.importedMax }) ?? limits.importedDefault;
  const labels = options.list('label');
  const unfit = labels.find((label) => label.includes(',') || label.trim() === '');
  if (unfit !== undefined) throw misfit('label', unfit, 'one label; give --label again for more');
  const state = options.choice('state', ['open', 'closed', 'all']) ?? 'open';
  const repo = options.text('repo');
  const rules = {
    common: readOrder(fromFlags(options), clock.nowMs()),
    lanes: pairs(context, 'laneLabel', (word) => Lane.options.find((lane) => lane === word)),
    needs: pairs(context, 'needsLabel', (word) => Capability.safeParse(word).data),
  };
  const given = repo === undefined ? undefined : await repositoryUrl(context, repo);
  const { createGitHub } = await import('../../outbound/github.ts');
  const apiUrl = nonEmpty(env['GITHUB_API_URL']);
  const token = nonEmpty(env['GITHUB_TOKEN']);
  const random = systemRandom();
  const parts = { clock, random, signal, apiUrl, token, userAgent: 'signalbox' };
  const github = createGitHub(parts);
  const { fullName, cloneUrl } = await github.repository(name);
  return {
    context,
    github,
    query: { ...nameOf(fullName), labels: labels.length === 0 ? [LABEL] : labels, state },
    rules: { ...rules, repository: given ?? cloneUrl, source: sourceOf(cloneUrl, fullName) },
    limit,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function nameOf(text: string): RepositoryName {
  const [, owner, repo] = /^([A-Za-z0-9][A-Za-z0-9-]*)\/([A-Za-z0-9._-]+)$/.exec(text) ?? [];
  if (owner !== undefined && repo !== undefined && !/^\.+$/.test(repo)) return { owner, repo };
  throw new SignalboxError('invalid_input', `\`${text}\` is no repository on GitHub.`, {
    hint: 'Give OWNER/REPO, such as octocat/hello-world.',
  });
}

/** The same name on two servers is two repositories. */
function sourceOf(cloneUrl: string, fullName: string): string {
  const host = URL.parse(cloneUrl)?.host ?? '';
  return host === '' || host === 'github.com' ? fullName : `${host}/${fullName}`;
}

function pairs<Value>(
  { options }: Context,
  name: string,
  parse: (word: string) => Value | undefined,
): Map<string, Value> {
  return new Map(
    options.list(name).map((text) => {
      const at = text.lastIndexOf('=');
      const value = at <= 0 ? undefined : parse(text.slice(at + 1));
      if (value !== undefined) return [labelKey(text.slice(0, at)), value];
      const wanted = name === 'laneLabel' ? 'bug=high' : 'frontend=ts';
      throw misfit(name, text, `a label and what it stands for, such as ${wanted}`);
    }),
  );
}

/** What would become a task, whether or not it is one already: the hub is not asked. */
async function showPlan({ context, ...one }: Import): Promise<void> {
  const { output } = context;
  const orders: Parameters<typeof planLines>[1][number][] = [];
  const round = await playRound({
    ...one,
    issues: one.github.issues(one.query),
    onUnfit: tellUnfit(context),
    onBatch: async (batch) => void orders.push(...batch.map(({ order }) => order)),
  });
  const tasks = { tasks: orders, ...round };
  output.give(tasks, () =>
    orders.length === 0 ? [nothing(one.query)] : planLines(output, orders),
  );
}

async function importOnce({ context, ...one }: Import, hub: Client): Promise<void> {
  const { output } = context;
  const issues: ImportedIssue[] = [];
  const round = await playRound({
    ...one,
    issues: one.github.issues(one.query),
    onUnfit: tellUnfit(context),
    async onBatch(batch) {
      const imported = await submitBatch(hub, batch);
      issues.push(...imported);
      if (output.isJson) return;
      for (const { number, title, task } of imported.filter((issue) => !issue.task.isExisting)) {
        const place = output.paint('cyan', `#${number}`);
        output.line(
          `${task.id}  ${stateWord(output, task.state)}  ${place}  ${harmlessLine(title)}`,
        );
      }
    },
  });
  const { owner, repo } = one.query;
  const result = { repository: `${owner}/${repo}`, issues, ...round };
  if (context.options.text('every') !== undefined && output.isJson) output.jsonLine(result);
  else output.give(result, () => [summary(one.query, issues, round.pullRequests)]);
  if (round.isMore) output.note(`There are more than ${one.limit}; see --limit.`, 'note');
}

function summary(query: IssueQuery, issues: readonly ImportedIssue[], pulls: number): string {
  if (issues.length === 0 && pulls === 0) return nothing(query);
  const fresh = issues.filter(({ task }) => !task.isExisting).length;
  const parts = [
    `${counted(fresh, 'new task')} from ${query.owner}/${query.repo}`,
    fresh === issues.length ? undefined : `${issues.length - fresh} there already`,
    pulls === 0 ? undefined : `${counted(pulls, 'pull request')} passed over`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function nothing({ owner, repo, labels, state }: IssueQuery): string {
  const what = state === 'all' ? 'issue' : `${state} issue`;
  return `No ${what} of ${owner}/${repo} has the label ${labels.map(harmlessLine).join(' and ')}.`;
}

function tellUnfit({ output }: Context): (issue: { number: number }, label: string) => void {
  return ({ number }, label) =>
    output.note(
      `#${number}: the label ${harmlessLine(label)} names no capability and is left out`,
      'warning',
    );
}

/** In a round of many a trouble that passes ends nothing. */
function tellTrouble({ output, clock }: Context, error: unknown, everyMs: number): number {
  if (!(error instanceof SignalboxError) || !isPassing(error)) throw error;
  const waitMs = Math.max(everyMs, error.retryAfterMs ?? 0);
  output.note(`${error.message} Trying again at ${clockTime(clock.nowMs() + waitMs)}.`, 'warning');
  return waitMs;
}
