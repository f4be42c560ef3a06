/** Why something waits: the exact facts, who holds them, until when, and what would free it. */
import {
  ChangeId,
  type Fact,
  LockId,
  MessageId,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
  TaskId,
  WebhookDeliveryId,
} from '../../contract/index.ts';
import {
  type AgentWithTask,
  capabilitiesOf,
  findAgentWithTask,
  listIdleAgents,
  listAgents,
  toAgent,
} from '../agent/index.ts';
import { findChangeWithRepository, findHeldBeside } from '../change/index.ts';
import type { QueryContext } from '../event/index.ts';
import { whyLock } from '../lock/index.ts';
import { whyMessage } from './why-message.ts';
import {
  factsOfIntents,
  findTaskWithRepository,
  listNeeded,
  parseList,
  type TaskRow,
} from '../task/index.ts';
import { whyDelivery } from '../webhook/index.ts';

type Answer = Output<'why'>;

export async function why(context: QueryContext, input: Parsed<'why'>): Promise<Answer> {
  const { id } = input;
  if (TaskId.safeParse(id).success) return whyTask(context, id);
  if (ChangeId.safeParse(id).success) return whyChange(context, id);
  if (LockId.safeParse(id).success) return whyLock(context, id);
  if (MessageId.safeParse(id).success) return whyMessage(context, id);
  if (WebhookDeliveryId.safeParse(id).success) return whyDelivery(context, id);
  return whyAgent(context, id);
}

async function whyTask(context: QueryContext, id: string): Promise<Answer> {
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
  return needed
    .filter((other) => other.state !== 'done')
    .map((other) => ({
      fact: `waits for ${other.id} (${other.title}), which is ${other.state}`,
      holder: other.id,
      untilMs: null,
      frees: LOST.has(other.state)
        ? `It never runs unless \`signalbox task retry ${other.id}\` puts that back.`
        : `${other.id} is done. See \`signalbox why ${other.id}\`.`,
    }));
}

/** Ends after which a task is done only if somebody puts it back. */
const LOST: ReadonlySet<string> = new Set(['cancelled', 'failed', 'dead']);

const AGENTS_MAX = 1_000;

async function factsOfQueued(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  const facts: Fact[] = [];
  if (task.available_at_ms > context.nowMs) {
    facts.push({
      fact: `waits out its backoff after ${task.failures} failures`,
      holder: null,
      untilMs: task.available_at_ms,
      frees: 'Nothing to do: it is offered again then.',
    });
  }
  facts.push(...(await factsOfIntents(context, task)));
  const { project } = context.actor;
  const agents = await listAgents(context.db, { project, afterKey: '', limit: AGENTS_MAX });
  const online = agents.filter((agent) => agent.presence === 'online');
  const needs = parseList(task.needs);
  const able = online.filter((agent) => hasAll(agent, needs));
  if (online.length === 0)
    facts.push(missing('no agent is online', 'Start one: `signalbox agent run`.'));
  else if (able.length === 0) {
    const offers = `no agent that is online can do ${needs.join(', ')}`;
    facts.push(missing(offers, 'An agent with these capabilities comes online.'));
  } else facts.push(...(await factsOfBusy(context, able)));
  return facts;
}

async function factsOfBusy(context: QueryContext, able: AgentWithTask[]): Promise<Fact[]> {
  const idle = await listIdleAgents(context.db, context.actor.project, AGENTS_MAX);
  const idleKeys = new Set(idle.map((agent) => agent.key));
  if (able.some((agent) => idleKeys.has(agent.key))) return [];
  return able.slice(0, 10).map((agent) => ({
    fact: agent.task_id === null ? `${agent.name} asks for work itself` : `${agent.name} is busy`,
    holder: agent.task_id ?? agent.name,
    untilMs: null,
    frees: 'It hands its task in, or another able agent comes online.',
  }));
}

async function factsOfHeld(context: QueryContext, task: TaskRow): Promise<Fact[]> {
  const key = task.agent_key ?? '';
  const agent = await findAgentWithTask(context.db, context.actor.project, key);
  const sinceMs = task.started_at_ms ?? task.accepted_at_ms;
  const since = sinceMs === null ? '' : ` for ${seconds(context.nowMs - sinceMs)}`;
  return [
    {
      fact: `${task.agent} has had it in hand${since} (attempt ${task.attempt})`,
      holder: task.agent,
      untilMs: agent?.lease_until_ms ?? null,
      frees: 'It hands the work in; or its lease ends without a beat, and another gets it.',
    },
  ];
}

async function whyChange(context: QueryContext, id: string): Promise<Answer> {
  const change = await findChangeWithRepository(context.db, context.actor.project, id);
  if (change === undefined) throw unknown(id);
  const verb = change.state === 'landed' ? 'has' : 'is';
  const head = `the change of ${change.author} ${verb} ${change.state}`;
  const summary = change.reason === null ? head : `${head}: ${change.reason}`;
  const facts = await factsOfChange(context, id);
  return { id, kind: 'change', state: change.state, summary, facts };
}

async function factsOfChange(context: QueryContext, id: string): Promise<Fact[]> {
  const change = await findChangeWithRepository(context.db, context.actor.project, id);
  if (change === undefined) return [];
  const rules = parseList(change.rules).map((rule) => fixed(rule));
  switch (change.state) {
    case 'submitted': {
      const beside = await findHeldBeside(context.db, change);
      if (beside !== undefined) {
        const who = beside.verifier ?? 'a verifier';
        const fact = `${who} is at work on ${beside.id}, which is ahead`;
        const frees = 'That change lands or goes back: one lander a branch.';
        return [{ fact, holder: beside.id, untilMs: beside.next_check_ms, frees }];
      }
      const isLater = change.available_at_ms > context.nowMs;
      const untilMs = isLater ? change.available_at_ms : null;
      const fact = change.reason ?? 'waits for a verifier';
      return [
        { fact, holder: null, untilMs, frees: 'A verifier claims it: `signalbox verifier run`.' },
      ];
    }
    case 'verifying':
    case 'landing': {
      const doing = change.state === 'verifying' ? 'is testing it' : 'is landing it';
      const fact = `${change.verifier ?? 'a verifier'} ${doing}`;
      const frees = 'It reports; or its lease ends, and another verifier takes it.';
      return [{ fact, holder: change.verifier, untilMs: change.next_check_ms, frees }, ...rules];
    }
    case 'awaiting': {
      const frees = `\`signalbox change approve ${id}\`, or decline.`;
      return [{ fact: 'a human must approve it', holder: null, untilMs: null, frees }, ...rules];
    }
    default:
      return rules;
  }
}

async function whyAgent(context: QueryContext, name: string): Promise<Answer> {
  const row = await findAgentWithTask(context.db, context.actor.project, nameKey(name));
  if (row === undefined) throw unknown(name);
  const { state } = toAgent(row);
  const summary = `${row.name} is ${state}`;
  return { id: row.name, kind: 'agent', state, summary, facts: factsOfAgent(row) };
}

function factsOfAgent(row: AgentWithTask): Fact[] {
  if (row.presence === 'offline') {
    const fact = 'not heard of since its lease ended';
    const untilMs = row.lease_until_ms;
    return [{ fact, holder: null, untilMs, frees: 'Its sidecar connects again.' }];
  }
  if (row.task_id === null) {
    const fact = 'no task waits that it could do';
    return [{ fact, holder: null, untilMs: null, frees: 'A task is submitted that it can do.' }];
  }
  const fact = `has ${row.task_id} in hand, which is ${row.task_state ?? 'gone'}`;
  const frees = 'It hands the task in.';
  return [{ fact, holder: row.task_id, untilMs: row.lease_until_ms, frees }];
}

function hasAll(agent: AgentWithTask, needs: readonly string[]): boolean {
  return new Set(needs).isSubsetOf(new Set(capabilitiesOf(agent)));
}

function missing(fact: string, frees: string): Fact {
  return { fact, holder: null, untilMs: null, frees };
}

function fixed(fact: string): Fact {
  return {
    fact,
    holder: null,
    untilMs: null,
    frees: 'Nothing: it is a rule of the policy.',
  };
}

function tries(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}

function unknown(id: string): SignalboxError {
  const message = `there is no task, change, lock, message, notice or agent ${id}`;
  return new SignalboxError('not_found', message, {
    hint: 'Give the id of a task, change, lock, message or notice, or the name of an agent.',
  });
}
