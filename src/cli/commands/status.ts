/** The hub in numbers. */
import { lengthInWords } from '../../contract/length.ts';
import type { Context } from '../context.ts';
import { fields } from '../layout.ts';
import { stateCounts } from '../states.ts';

export async function status(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const answer = await hub.hub.status();
  const { url } = await context.place();
  const { nowMs, startedAtMs, oldestQueuedAtMs: oldest, missedMatches } = answer;
  output.give(answer, () => [
    `${output.paint('bold', `Signalbox ${answer.version}`)} at ${url}`,
    ...fields(output, [
      ['tasks', stateCounts(output, answer.tasks)],
      ['changes', stateCounts(output, answer.changes)],
      ['agents', stateCounts(output, answer.agents)],
      ['oldest', oldest === null ? undefined : `queued for ${lengthInWords(nowMs - oldest)}`],
      ['missed', missedMatches === 0 ? undefined : output.paint('red', missed(missedMatches))],
      ['store', answer.engine],
      ['up', lengthInWords(nowMs - startedAtMs)],
      ['cursor', String(answer.cursor)],
    ]),
  ]);
}

function missed(count: number): string {
  return `${count} tasks wait although an idle agent could take them: a defect, please report it`;
}
