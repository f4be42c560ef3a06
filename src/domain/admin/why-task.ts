/** What a task waits for. */
import type { Fact, Output } from '../../contract/index.ts';
import {
  type AgentRow,
  type AgentWithTask,
  capabilitiesOf,
  findAgentWithTask,
  listAgents,
  listIdleAgents,
  toHold,
} from '../agent/index.ts';
import { PROJECT } from '../budget/index.ts';
import type { QueryContext } from '../event/index.ts';
import {
  canDo,
  factsOfBarriers,
  findTaskWithRepository,
  listNeeded,
  listOpenChildren,
  NO_RECORDS,
  parseList,
  silentUntilMs,
  type TaskRow,
  toAsked,
  toIdle,
} from '../task/index.ts';
import { factsOfHold, missing, unknown } from './fact.ts';
import { factsOfChange } from './why-change.ts';

type Answer = Output<'why'>;

export async function whyTask(context: QueryContext, id: string): Promise<Answer> {
  const task = await findTaskWithRepository(context.db, context.actor.project, id);
  if (task === undefined) throw unknown(id);
  const facts = await factsOfTask(context, task);
  const head = `${task.title} is ${task.state}`;
  const summary = task.reason === null ? head : `${head}: ${task.reason}`;
  return { id, kind: 'task', state: task.state, summary, facts };
}

async function factsOfTask(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  switch (task.state) {
    case 'blocked':
      return factsOfBlocked(context, task);
    case 'queued':
      return factsOfQueued(context, task);
    case 'offered':
      return [
        {
          fact: `offered to ${task.agent}, who has not accepted yet`,
          holder: task.agent,
          untilMs: task.next_check_ms,
          frees: 'The agent accepts; or the offer lapses then and goes to another.',
        },
      ];
    case 'accepted':
    case 'running':
      return factsOfHeld(context, task);
    case 'verifying':
      return task.change_id === null ? [] : factsOfChange(context, task.change_id);
    case 'failed':
    case 'dead':
      return [
        {
          fact: `ended after ${tries(task.attempt)}: ${task.reason ?? 'no reason was given'}`,
          holder: null,
          untilMs: null,
          frees: `\`signalbox task show ${task.id}\` tells why; \`task retry\` puts it back.`,
        },
      ];
    case 'done':
    case 'cancelled':
      return [];
  }
}

async function factsOfBlocked(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  const needed = await listNeeded(context.db, task.id);
  const unmet = needed
    .filter((other) => other.state !== 'done')
    .map((other) => ({
      fact: `waits for ${other.id} (${other.title}), which is ${other.state}`,
      holder: other.id,
      untilMs: null,
      frees: LOST.has(other.state)
        ? `It never runs unless \`signalbox task retry ${other.id}\` puts that back.`
        : `${other.id} is done. See \`signalbox why ${other.id}\`.`,
    }));
  return [...unmet, ...(await factsOfChildren(context, task))];
}

/** Ends after which a task is done only if somebody puts it back. */
const LOST: ReadonlySet<string> = new Set(['cancelled', 'failed', 'dead']);

async function factsOfChildren({ db }: QueryContext, task: TaskRow): Promise<Fact[]> {
  if (task.waits_for_children === 0) return [];
  const open = await listOpenChildren(db, { parentId: task.id, limit: CHILDREN_SHOWN });
  return open.map((child) => ({
    fact: `waits for its child ${child.id} (${child.title}), which is ${child.state}`,
    holder: child.id,
    untilMs: null,
    frees: `${child.id} ends. See \`signalbox why ${child.id}\`.`,
  }));
}

const CHILDREN_SHOWN = 20;
const AGENTS_MAX = 1_000;

async function factsOfQueued(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  const facts: Fact[] = [];
  if (task.available_at_ms > context.nowMs) facts.push(delay(task));
  facts.push(...(await factsOfHold(context, PROJECT)), ...(await factsOfBarriers(context, task)));
  const { project } = context.actor;
  const agents = await listAgents(context.db, { project, afterKey: '', limit: AGENTS_MAX });
  const online = agents.filter((agent) => agent.presence === 'online');
  if (online.length === 0) {
    facts.push(missing('no agent is online', `Start one: ${runFor(parseList(task.needs))}.`));
    return facts;
  }
  const able = online.filter((agent) => isAble(agent, task));
  if (able.length === 0) facts.push(...factsOfUnable(online, task));
  else facts.push(...(await factsOfBusy(context, task, able)));
  return facts;
}

/** How an agent is started that can do these; a name or a CLI is a capability by itself. */
function runFor(needs: readonly string[]): string {
  const rest = (start: string): string[] =>
    needs.filter((need) => need.startsWith(start)).map((need) => need.slice(start.length));
  const plain = needs.filter((need) => !/^(agent|cli):/.test(need));
  const [name = 'NAME'] = rest('agent:');
  const words = ['signalbox agent run --name', name];
  for (const need of plain) words.push('--capability', need);
  const [cli] = rest('cli:');
  return `\`${[...words, ...(cli === undefined ? ['-- COMMAND'] : ['--cli', cli])].join(' ')}\``;
}

function delay(task: TaskRow): Fact {
  const isFirst = task.attempt === 0;
  const fact = isFirst
    ? 'is not to begin yet'
    : `waits out its pause: ${task.reason ?? `${task.failures} failures`}`;
  const untilMs = task.available_at_ms;
  return { fact, holder: null, untilMs, frees: 'Nothing to do: it is offered then.' };
}

function isAble(agent: AgentRow, task: TaskRow): boolean {
  return canDo(toIdle(agent, NO_RECORDS), toAsked(task));
}

/** What keeps all of those that are online from it, each thing by itself where one alone does. */
function factsOfUnable(online: readonly AgentRow[], task: TaskRow): Fact[] {
  const needs = parseList(task.needs);
  const skilled = online.filter((agent) =>
    new Set(needs).isSubsetOf(new Set(capabilitiesOf(agent))),
  );
  if (skilled.length === 0) {
    const fact = `no agent that is online can do ${needs.join(', ')}`;
    return [missing(fact, `Start one that can: ${runFor(needs)}.`)];
  }
  if (skilled.every(({ trust }) => trust < task.trust)) {
    const [first] = skilled;
    const frees = `\`signalbox agent trust ${first?.name} ${task.trust}\`, by an operator.`;
    return [missing(`no able agent is trusted with ${task.trust}`, frees)];
  }
  const frees = 'An agent that works on this repository comes online.';
  return [missing('no able agent that is online works on its repository', frees)];
}

async function factsOfBusy(
  context: QueryContext,
  task: TaskRow,
  able: AgentWithTask[],
): Promise<Fact[]> {
  const idle = await listIdleAgents(context.db, context.actor.project, AGENTS_MAX);
  const idleKeys = new Set(idle.map((agent) => agent.key));
  if (able.some((agent) => idleKeys.has(agent.key))) return [];
  const facts = able.slice(0, 10).map(factOfBusy);
  if (!able.every(isAsking)) return facts;
  const frees = `Start one: ${runFor(parseList(task.needs))}; or one that is here asks.`;
  return [missing('no agent that work is offered to is online', frees), ...facts];
}

/** Its program hears of nothing by itself. */
function isAsking({ task_id: taskId, is_pushed: isPushed }: AgentWithTask): boolean {
  return taskId === null && isPushed === 0;
}

function factOfBusy(agent: AgentWithTask): Fact {
  const { name, task_id: taskId } = agent;
  const hold = taskId === null ? toHold(agent) : null;
  if (hold === null && taskId === null) {
    const frees = 'It asks: `get_work` over MCP, `task.pull` or `signalbox git start` elsewhere.';
    return { fact: `${name} asks for work itself`, holder: null, untilMs: null, frees };
  }
  if (hold === null) {
    const frees = 'It hands its task in, or another able agent comes online.';
    return { fact: `${name} is busy`, holder: taskId, untilMs: null, frees };
  }
  const fact = `${name} is held back: ${hold.reason}`;
  return { fact, holder: null, untilMs: hold.untilMs, frees: `See \`signalbox why ${name}\`.` };
}

async function factsOfHeld(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  const key = task.agent_key ?? '';
  const agent = await findAgentWithTask(context.db, context.actor.project, key);
  const sinceMs = task.started_at_ms ?? task.accepted_at_ms;
  const note = task.note === null ? '' : `; it says: ${task.note}`;
  const since = sinceMs === null ? '' : ` for ${seconds(context.nowMs - sinceMs)}`;
  return [
    {
      fact: `${task.agent} has had it in hand${since} (attempt ${task.attempt})${note}`,
      holder: task.agent,
      untilMs: agent?.lease_until_ms ?? null,
      frees: 'It hands the work in; or its lease ends without a beat, and another gets it.',
    },
    ...factsOfStuck(task),
  ];
}

function factsOfStuck(task: TaskRow): Fact[] {
  const { blocked_by: blockedBy, agent: holder } = task;
  const silentMs = silentUntilMs(task);
  const clock: Fact[] =
    silentMs === null
      ? []
      : [
          {
            fact: 'must not be silent for long',
            holder,
            untilMs: silentMs,
            frees: 'A word of its agent: `task.progress`. Else the attempt has failed then.',
          },
        ];
  if (blockedBy === null) return clock;
  const fact = `its agent cannot go on: ${blockedBy}`;
  return [{ fact, holder, untilMs: null, frees: 'That is given to it.' }, ...clock];
}

function tries(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
