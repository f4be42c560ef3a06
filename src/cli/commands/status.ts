/** The hub at a glance: in numbers, then who does what, what waits and why, and what needs you. */
import { watchBoard } from '../board/live.ts';
import { boardLines } from '../board/lines.ts';
import { look } from '../board/look.ts';
import { placeInWords } from '../place/connection.ts';
import type { Context } from '../context.ts';

export async function status(context: Context): Promise<void> {
  const { options, output, clock } = context;
  if (options.has('watch')) return watchBoard(context);
  const hub = await context.hub();
  if (output.isJson) return output.give(await hub.hub.status(), () => []);
  const place = placeInWords(await context.place());
  const board = await look({ hub, clock, works: new Map() });
  boardLines(output, board, place).forEach((line) => output.line(line));
}
