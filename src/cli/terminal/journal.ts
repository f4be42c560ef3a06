/** The running account of a command that stays: a line for each thing it does, or JSON lines. */
import type { Clock } from '../../core/clock.ts';
import type { Colour, Output } from './output.ts';
import { clockTime } from '../words/time.ts';

export interface Journal<Event> {
  output: Output;
  clock: Clock;
  words: (event: Event) => string | undefined;
  colour: (event: Event) => Colour | undefined;
}

export function journal<Event extends { kind: string }>({
  output,
  clock,
  words,
  colour,
}: Journal<Event>): (event: Event) => void {
  return (event) => {
    const atMs = clock.nowMs();
    if (output.isJson) return output.jsonLine(plain({ atMs, ...event }));
    const text = words(event);
    if (text === undefined) return;
    const shade = colour(event);
    const time = output.paint('dim', clockTime(atMs));
    output.line(`${time}  ${shade === undefined ? text : output.paint(shade, text)}`);
  };
}

/** An error has no JSON of its own. */
function plain(event: object): Record<string, unknown> {
  const plainEvent: Record<string, unknown> = {};
  for (const [name, value] of Object.entries<unknown>({ ...event })) {
    plainEvent[name] = value instanceof Error ? value.message : value;
  }
  return plainEvent;
}
