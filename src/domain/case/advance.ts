/**
 * From stage to stage. The case moves, its state is written and whoever the next stage names is
 * signalled in one transaction: there is no moment in which the case is in a stage that nobody was
 * told of.
 */
import { type Output, type Parsed, SignalboxError, type Stage } from '../../contract/index.ts';
import { capabilitiesOf, listAgents } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { send } from '../message/index.ts';
import { decideStage } from './lifecycle.ts';
import { requirePipeline } from './pipelines.ts';
import type { CaseRow } from './queries.ts';
import { stagesOf, toHead } from './view.ts';
import { patched, requireLocked, writeCase } from './write.ts';

export async function advance(
  context: CommandContext,
  input: Parsed<'case.advance'>,
): Promise<Output<'case.advance'>> {
  const before = await requireLocked(context, input);
  const to = await nextStage(context, before, input.to);
  const { id, pipeline } = before;
  const row = await writeCase(context, before, {
    id,
    action: 'advance',
    state: input.patch === undefined ? before.state : patched(before, input.patch),
    pipeline,
    stage: to.name,
    basedOn: input.version ?? null,
  });
  const moved = row ?? before;
  return { case: toHead(moved), signal: await signal(context, { before, moved, stage: to }) };
}

async function nextStage(
  context: CommandContext,
  { id, pipeline, stage }: CaseRow,
  to: string | undefined,
): Promise<Stage> {
  if (pipeline === null) {
    throw new SignalboxError('conflict', `case ${id} is in no pipeline`, {
      hint: 'Put it into one with case.put and `pipeline`.',
    });
  }
  const stages = stagesOf(await requirePipeline(context, pipeline));
  const verdict = decideStage(stages, { from: stage, to });
  if (verdict.is === 'move') return verdict.to;
  const { allowed } = verdict;
  const from = stage ?? 'no stage yet';
  const where = to === undefined ? 'has no stage after it' : `it does not lead to ${to}`;
  throw new SignalboxError('conflict', `case ${id} is in ${from}, and ${where}`, {
    hint:
      allowed.length === 0
        ? 'This stage is the last one; a stage declares with `next` where else it leads.'
        : `From there it may go to ${allowed.join(' or ')}.`,
    details: { stage, allowed },
  });
}

interface Move {
  before: CaseRow;
  moved: CaseRow;
  stage: Stage;
}

async function signal(
  context: CommandContext,
  { before, moved, stage }: Move,
): Promise<Output<'case.advance'>['signal']> {
  const to = await recipientOf(context, stage);
  if (to === undefined) return null;
  const { id: caseId, pipeline, version } = moved;
  const sent = await send(context, {
    to,
    type: stage.signalType,
    text: `Case ${caseId} is now in the stage ${stage.name} of ${pipeline}.`,
    data: { caseId, pipeline, from: before.stage, to: stage.name, version },
    thread: `case:${caseId}`,
    priority: 'normal',
    isSignal: true,
    unknown: 'keep',
  });
  return { id: sent.id, to: 'team' in to ? to.team : to.agent };
}

type StageRecipient = { agent: string } | { team: string };

async function recipientOf(
  context: CommandContext,
  { name, agent, team, capability }: Stage,
): Promise<StageRecipient | undefined> {
  if (agent !== undefined) return { agent };
  if (team !== undefined) return { team };
  if (capability === undefined) return undefined;
  const able = await findAble(context, capability);
  if (able !== undefined) return { agent: able };
  throw new SignalboxError('conflict', `no agent is known that can do ${capability}`, {
    hint: `Let one connect with it, or name an agent for the stage ${name}; the case stays.`,
    details: { capability },
  });
}

const AGENTS_MAX = 10_000;
const NEARNESS = { online: 0, draining: 2, offline: 3 } as const;

/** Idle before busy before gone; among equals by name, so that the choice can be foretold. */
async function findAble(
  { tx, actor }: CommandContext,
  capability: string,
): Promise<string | undefined> {
  const page = { project: actor.project, afterKey: '', limit: AGENTS_MAX };
  const able = (await listAgents(tx, page)).filter((row) =>
    capabilitiesOf(row).includes(capability),
  );
  const distance = ({ presence, task_id: taskId }: (typeof able)[number]): number =>
    NEARNESS[presence] + (presence === 'online' && taskId !== null ? 1 : 0);
  return able.toSorted((one, other) => distance(one) - distance(other))[0]?.name;
}
