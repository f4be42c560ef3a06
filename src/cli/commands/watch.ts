/** Everything that happens, line by line, until Ctrl-C. A hub that restarts is waited for. */
import type { Context } from '../context.ts';
import { eventLine } from '../words/event.ts';
import { follow } from '../task/follow.ts';

export async function watch(context: Context): Promise<void> {
  const { options, output } = context;
  const interruption = context.interruption();
  const since = options.integer('since', { min: 0, max: Number.MAX_SAFE_INTEGER });
  const hub = await context.live();
  const head = { limit: 1, after: 0 };
  const after = since ?? (await hub.event.list(head, { signal: interruption })).headCursor;
  if (!output.isJson) output.note(`Watching from ${after} on; Ctrl-C ends it.`, 'note');
  const seen = await follow({
    hub,
    after,
    interruption,
    onEvent(event) {
      if (output.isJson) output.jsonLine(event);
      else output.line(eventLine(output, event));
      return false;
    },
  });
  output.note(`Go on from here: signalbox watch --since ${seen}`, 'note');
}
