/** Before you send: how and when a message would reach an agent. */
import type { Context } from '../context.ts';
import { speaker } from '../place/speaker.ts';
import { theOne } from '../terminal/paging.ts';
import { counted } from '../words/time.ts';

export async function reach(context: Context): Promise<void> {
  const hub = await context.hub(await speaker(context));
  const answer = await hub.agent.reach({ agent: theOne(context) });
  context.output.give(answer, () => [
    `${answer.agent}: ${answer.reach.replaceAll('_', ' ')}. ${answer.explanation}`,
    `${counted(answer.pending, 'message')} waiting in the mailbox`,
  ]);
}
