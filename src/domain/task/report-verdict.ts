/** Whether what an agent says of the task in its hand counts, and what it moves. */
import { SignalboxError } from '../../contract/index.ts';
import { assignTask, findAgent, lockProject } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { isKeyTaken } from './barriers.ts';
import { settle } from './dependents.ts';
import { factsOf, requireTask, staleFence } from './facts.ts';
import { decide, inHand, type TaskCommand, type Verdict } from './lifecycle.ts';
import type { Move, MoveDetails } from './move.ts';
import type { TaskRow } from './queries.ts';

type HeldCommand = Extract<TaskCommand, { fence: number }>;
/** Of a union, each member without the field that the caller's token tells. */
type WithoutAgent<T> = T extends unknown ? Omit<T, 'agentKey'> : never;

export type Hearing = { row: TaskRow; move: Move | undefined } | SignalboxError;

/** Whether the report counts. Stale is answered, not thrown: what is kept of it must be written. */
export async function hear(
  context: CommandContext,
  taskId: string,
  command: WithoutAgent<HeldCommand> & { unmet?: number },
): Promise<Hearing> {
  const row = await requireTask(context, taskId);
  const verdict = decide(factsOf(row, command.unmet), { ...command, agentKey: context.actor.key });
  const isReturning =
    row.state === 'queued' && verdict.is === 'move' && inHand.includes(verdict.to);
  if (isReturning && !(await takeBack(context, row))) return staleFence(row);
  return verdictToHearing(row, verdict);
}

function verdictToHearing(row: TaskRow, verdict: Verdict): Hearing {
  switch (verdict.is) {
    case 'move':
      return { row, move: verdict };
    case 'same':
      return { row, move: undefined };
    case 'stale':
      return staleFence(row);
    case 'refuse':
      throw new SignalboxError('conflict', verdict.message, {
        hint: '`signalbox why` tells what the task waits for now.',
        details: { state: row.state, fence: row.fence },
      });
  }
}

/**
 * An agent that was only presumed gone takes its work up again, if its hand is free and its key was
 * not given to another: a rule over many rows, so it holds the project's.
 */
async function takeBack(context: CommandContext, row: TaskRow): Promise<boolean> {
  await lockProject(context.tx, row.project);
  if (await isKeyTaken(context, row)) return false;
  const agent = await findAgent(context.tx, context.actor.project, context.actor.key);
  return agent !== undefined && assignTask(context.tx, agent, row.id);
}

export async function carryOut(
  context: CommandContext,
  heard: { row: TaskRow; move: Move | undefined },
  details: MoveDetails = {},
): Promise<TaskRow> {
  if (heard.move === undefined) return heard.row;
  return settle(context, heard.row, { ...heard.move, ...details });
}
