/**
 * One round of an import: the issues as they come, a request's worth of tasks at a time. It need
 * not be all or nothing, because each issue becomes a task once, however often it is imported.
 */
import type { Client } from '../../client/index.ts';
import { limits, type Output } from '../../contract/index.ts';
import type { Issue } from '../../outbound/github.ts';
import type { Order } from '../batch/tasks.ts';
import { type ImportRules, orderOf } from './issue-order.ts';

const TASKS_MAX = 100;
const BYTES_MAX = limits.requestBytesMax / 2;
const TIMEOUT_MS = 120_000;

export interface ImportedIssue {
  number: number;
  url: string;
  title: string;
  task: Output<'batch.submit'>['tasks'][number];
}

export interface Gathered {
  orders: { issue: Issue; order: Order }[];
  pullRequests: number;
  /** There are more than were asked for. */
  isMore: boolean;
}

export interface Round {
  issues: AsyncIterable<Issue>;
  rules: ImportRules;
  limit: number;
  /** Labels that should name a capability and name none. */
  onUnfit: (issue: Issue, label: string) => void;
  /** Enough for one request. */
  onBatch: (orders: Gathered['orders']) => Promise<void>;
}

/** Answers how many pull requests were passed over, and whether issues are left. */
export async function playRound(round: Round): Promise<Omit<Gathered, 'orders'>> {
  const { issues, rules, limit, onUnfit, onBatch } = round;
  let batch: Gathered['orders'] = [];
  let bytes = 0;
  let count = 0;
  let pullRequests = 0;
  let isMore = false;
  for await (const issue of issues) {
    if (issue.isPullRequest) {
      pullRequests += 1;
      continue;
    }
    isMore = count === limit;
    if (isMore) break;
    const { order, unfit } = orderOf(issue, rules);
    for (const label of unfit) onUnfit(issue, label);
    const size = Buffer.byteLength(JSON.stringify(order));
    if (batch.length > 0 && (batch.length === TASKS_MAX || bytes + size > BYTES_MAX)) {
      await onBatch(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push({ issue, order });
    bytes += size;
    count += 1;
  }
  if (batch.length > 0) await onBatch(batch);
  return { pullRequests, isMore };
}

export async function submitBatch(
  hub: Client,
  orders: Gathered['orders'],
): Promise<ImportedIssue[]> {
  const input = { tasks: orders.map(({ order }) => order) };
  const { tasks } = await hub.batch.submit(input, { timeoutMs: TIMEOUT_MS });
  return tasks.flatMap((task, at) => {
    const issue = orders[at]?.issue;
    return issue === undefined
      ? []
      : [{ number: issue.number, url: issue.url, title: issue.title, task }];
  });
}
