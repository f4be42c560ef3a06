/** The board as lines for a terminal: what needs a person stands out, what is empty is left out. */
import { lengthInWords } from '../../contract/length.ts';
import { spendingInWords } from '../../contract/money.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { fields, folded } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import { stateColour, stateCounts, stateText } from '../terminal/states.ts';
import { clipped, padded, textWidth } from '../terminal/width.ts';
import { counted, timeInWords } from '../words/time.ts';
import type { Board } from './look.ts';

export function boardLines(output: Output, board: Board, place: string): string[] {
  const lines = [
    `${output.paint('bold', `Signalbox ${board.status.version}`)} at ${place}`,
    ...fields(output, numbers(output, board)),
    ...agentLines(output, board),
    ...laneLines(output, board),
    ...waitingLines(output, board),
    ...changeLines(output, board),
    ...deadLines(output, board),
  ];
  return folded(output, lines);
}

type Status = Board['status'];
type Pairs = Parameters<typeof fields>[1];

/** Also on one line, for who follows it in a pipe. */
export function numbers(output: Output, { status, answeredMs }: Board): Pairs {
  const { nowMs, startedAtMs, oldestQueuedAtMs: oldest, missedMatches } = status;
  return [
    ['tasks', stateCounts(output, status.tasks)],
    ['changes', stateCounts(output, status.changes)],
    ['agents', stateCounts(output, status.agents)],
    ['spent', spentInWords(status.spent)],
    ['held back', heldInWords(output, status)],
    ['oldest', oldest === null ? undefined : `queued for ${lengthInWords(nowMs - oldest)}`],
    ['missed', missedMatches === 0 ? undefined : output.paint('red', missed(missedMatches))],
    ['health', missedMatches === 0 ? `good, answered in ${lengthInWords(answeredMs)}` : undefined],
    ['up', `${lengthInWords(nowMs - startedAtMs)}, on ${status.engine}`],
  ];
}

function spentInWords({ today, ever }: Status['spent']): string | undefined {
  const inAll = spendingInWords(ever);
  return inAll === undefined
    ? undefined
    : `${spendingInWords(today) ?? 'nothing'} today, ${inAll} in all`;
}

function heldInWords(output: Output, { hold, nowMs }: Status): string | undefined {
  if (hold === null) return undefined;
  const opens = hold.untilMs === null ? '' : `; opens ${timeInWords(hold.untilMs, nowMs)}`;
  return output.paint('yellow', `${harmlessLine(hold.reason)}${opens}`);
}

function missed(count: number): string {
  return `${count} tasks wait although an idle agent could take them: a defect, please report it`;
}

function section(output: Output, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', output.paint('bold', title), ...lines];
}

/** One line for one thing, cut where the terminal ends; what says why or what to do is not. */
function row(output: Output, line: string): string {
  return output.isTty ? clipped(line, output.columns) : line;
}

function agentLines(output: Output, { agents, agentsMore, status }: Board): string[] {
  const width = Math.max(0, ...agents.map(({ agent }) => textWidth(agent.name)));
  const states = agents.map(({ agent }) => stateText(output, agent.state));
  const stateWidth = Math.max(0, ...states.map(textWidth));
  const lines = agents.flatMap(({ agent, work }, at) => {
    const { state, name, note, blockedBy, lastTask, hold } = agent;
    const word = output.paint(stateColour(state), padded(states[at] ?? '', stateWidth));
    const sinceMs = work?.sinceMs ?? lastTask?.endedAtMs;
    const parts = [
      `  ${word}`,
      padded(name, width),
      sinceMs === undefined ? '' : output.paint('dim', lengthInWords(status.nowMs - sinceMs)),
      harmlessLine(work?.title ?? ''),
    ];
    const below = ' '.repeat(stateWidth + width + 6);
    return [
      row(
        output,
        parts
          .filter((part) => part !== '')
          .join('  ')
          .trimEnd(),
      ),
      ...(hold === null
        ? []
        : [`${below}${output.paint('yellow', `held back: ${harmlessLine(hold.reason)}`)}`]),
      ...(note === null ? [] : [`${below}${output.paint('dim', harmlessLine(note))}`]),
      ...(blockedBy === null
        ? []
        : [`${below}${output.paint('yellow', `needs: ${harmlessLine(blockedBy)}`)}`]),
    ];
  });
  if (agentsMore > 0) lines.push(`  and ${agentsMore} more: signalbox agents`);
  return section(output, 'Agents', lines);
}

function laneLines(output: Output, { lanes, status }: Board): string[] {
  const lines = lanes.map(({ lane, ready, later, blocked, sinceMs }) => {
    const parts = [
      ready === 0 ? undefined : output.paint('yellow', `${ready} ready`),
      later === 0 ? undefined : `${later} later`,
      blocked === 0 ? undefined : `${blocked} blocked`,
      sinceMs === null ? undefined : `the oldest for ${lengthInWords(status.nowMs - sinceMs)}`,
    ];
    return `  ${padded(lane, 6)}  ${parts.filter((part) => part !== undefined).join(' · ')}`;
  });
  return section(output, 'Queue', lines);
}

function waitingLines(output: Output, { waiting, status }: Board): string[] {
  const lines = waiting.flatMap(({ task, fact }) => {
    const time = output.paint('dim', lengthInWords(status.nowMs - task.sinceMs));
    const line = row(output, `  ${task.id}  ${time}  ${harmlessLine(task.title)}`);
    if (fact === undefined) return [line];
    const why = `    ${harmlessLine(fact.fact)}. ${harmlessLine(fact.frees)}`;
    return [line, output.paint('dim', why)];
  });
  return section(output, 'Waits first', lines);
}

function changeLines(output: Output, { awaiting, verifying, status }: Board): string[] {
  const testing = verifying.map(({ id, author, branch }) => {
    const word = output.paint(stateColour('verifying'), stateText(output, 'verifying'));
    return row(output, `  ${word}  ${id}  by ${author}  ${harmlessLine(branch)}`);
  });
  const asking = awaiting.flatMap(({ id, author, reason, rules, createdAtMs }) => {
    const word = output.paint(stateColour('awaiting'), stateText(output, 'awaiting'));
    const time = output.paint('dim', lengthInWords(status.nowMs - createdAtMs));
    const why = harmlessLine(rules[0] ?? reason ?? '');
    return [
      `  ${word}  ${id}  by ${author}  ${time}`,
      ...(why === '' ? [] : [output.paint('dim', `    ${why}`)]),
    ];
  });
  return [
    ...section(output, 'Is tested', testing),
    ...section(output, 'Waits for a human (signalbox change approve ID)', asking),
  ];
}

function deadLines(output: Output, { dead, status }: Board): string[] {
  const lines = dead.map(({ id, title, reason }) => {
    const why = reason === null ? '' : output.paint('dim', `  ${harmlessLine(reason)}`);
    return `  ${output.paint('red', id)}  ${harmlessLine(title)}${why}`;
  });
  const more = (status.tasks['dead'] ?? 0) - dead.length;
  if (lines.length > 0 && more > 0) {
    lines.push(`  and ${counted(more, 'more', 'more')}: signalbox task list --state dead`);
  }
  return section(output, 'Dead letters (signalbox task retry ID)', lines);
}
