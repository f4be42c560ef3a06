/** Why something waits: the exact facts, who holds them, until when, and what would free it. */
import {
  ChangeId,
  type Fact,
  LockId,
  MessageId,
  nameKey,
  type Output,
  type Parsed,
  TaskId,
  WebhookDeliveryId,
} from '../../contract/index.ts';
import { type AgentWithTask, findAgentWithTask, toAgent } from '../agent/index.ts';
import { PROJECT } from '../budget/index.ts';
import type { QueryContext } from '../event/index.ts';
import { whyLock } from '../lock/index.ts';
import { whySchedule } from '../schedule/index.ts';
import { listRecordsOfAgent } from '../task/index.ts';
import { whyDelivery } from '../webhook/index.ts';
import { factsOfHold, missing, unknown } from './fact.ts';
import { whyChange } from './why-change.ts';
import { whyMessage } from './why-message.ts';
import { whyTask } from './why-task.ts';

type Answer = Output<'why'>;

export async function why(context: QueryContext, input: Parsed<'why'>): Promise<Answer> {
  const { id } = input;
  if (TaskId.safeParse(id).success) return whyTask(context, id);
  if (ChangeId.safeParse(id).success) return whyChange(context, id);
  if (LockId.safeParse(id).success) return whyLock(context, id);
  if (MessageId.safeParse(id).success) return whyMessage(context, id);
  if (WebhookDeliveryId.safeParse(id).success) return whyDelivery(context, id);
  return whyNamed(context, id);
}

/** An agent, or a schedule by its id or its name. */
async function whyNamed(context: QueryContext, name: string): Promise<Answer> {
  const row = await findAgentWithTask(context.db, context.actor.project, nameKey(name));
  if (row !== undefined) return whyAgent(context, row);
  const answer = await whySchedule(context, name);
  if (answer !== undefined) return answer;
  throw unknown(name);
}

async function whyAgent(context: QueryContext, row: AgentWithTask): Promise<Answer> {
  const { state } = toAgent(row);
  const summary = `${row.name} is ${state}`;
  const holds = [
    ...(await factsOfHold(context, row.key)),
    ...(await factsOfHold(context, PROJECT)),
  ];
  const standing = holds.length > 0 && isWaiting(row) ? [] : factsOfAgent(row, context.nowMs);
  const facts = [...standing, ...holds, ...(await factsOfRecords(context, row))];
  return { id: row.name, kind: 'agent', state, summary, facts };
}

/** Here, with nothing in hand. */
function isWaiting({ presence, task_id: taskId }: AgentWithTask): boolean {
  return presence !== 'offline' && taskId === null;
}

function factsOfAgent(row: AgentWithTask, nowMs: number): Fact[] {
  if (row.presence === 'offline') return [factOfAway(row, nowMs)];
  if (row.task_id === null && row.is_pushed === 0) {
    return [missing('nothing is offered to it: it asks for work itself', `It asks: ${ASKS}.`)];
  }
  if (row.task_id === null) {
    return [missing('no task waits that it could do', 'A task is submitted that it can do.')];
  }
  const stuck = row.blocked_by === null ? '' : `; it cannot go on: ${row.blocked_by}`;
  const fact = `has ${row.task_id} in hand, which is ${row.task_state ?? 'gone'}${stuck}`;
  const frees = 'It hands the task in.';
  return [{ fact, holder: row.task_id, untilMs: row.lease_until_ms, frees }];
}

const ASKS = '`get_work` over MCP, `task.pull` elsewhere';

/** Whether it had a sidecar is not known any more: what is said is true of each kind of agent. */
function factOfAway(row: AgentWithTask, nowMs: number): Fact {
  const { name, session_id: sessionId, lease_until_ms: untilMs } = row;
  if (sessionId === null) {
    const line = `signalbox agent run --name ${name} -- COMMAND`;
    const frees = `It connects: \`${line}\`; or it asks: ${ASKS}.`;
    return missing('has a mailbox here, and has never taken work', frees);
  }
  const frees = `Its program runs again; without one beside it, it asks: ${ASKS}.`;
  // Who says goodbye goes before its lease ends.
  if (untilMs !== null && untilMs > nowMs) return missing('has gone away', frees);
  return { fact: 'not heard of since its lease ended', holder: null, untilMs, frees };
}

/** What it has proved good at, which is asked only where agents are equal otherwise. */
async function factsOfRecords({ db }: QueryContext, row: AgentWithTask): Promise<Fact[]> {
  const records = await listRecordsOfAgent(db, row.project, row.key);
  return records.map(({ capability, succeeded, failed }) => ({
    fact: `brought ${succeeded} of ${succeeded + failed} tasks that needed ${capability} to an end`,
    holder: null,
    untilMs: null,
    frees: 'Nothing to do: among equals, who has failed less often goes first.',
  }));
}
