/** What the agents of one process say: on the terminal, and in a log file where one is kept. */
import { resolve } from 'node:path';
import { lengthInWords } from '../../contract/length.ts';
import type { SidecarEvent, SlotEvent } from '../../sidecar/index.ts';
import type { Context } from '../context.ts';
import { createEcho } from '../terminal/echo.ts';
import { toSignalboxError } from '../failure.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { journal } from '../terminal/journal.ts';
import type { Colour } from '../terminal/output.ts';
import { openRotatedLog, type RotatedLog } from '../terminal/rotated-log.ts';
import { reasonOf, sidecarColour, sidecarWords } from '../words/sidecar.ts';

/** `slot` is there where one process runs several. */
type Told = (SidecarEvent | SlotEvent) & { slot?: string };

export interface AgentAccount {
  say: (name: string, event: SidecarEvent | SlotEvent) => void;
  /** Hears what a command prints; undefined where nobody wants to. */
  onOutput: (name: string) => ((chunk: Uint8Array) => void) | undefined;
  /** Why the process ends. */
  failed: (error: unknown) => void;
}

export async function openAccount(
  context: Context,
  names: readonly string[],
): Promise<AgentAccount> {
  const { options, output, clock, cwd } = context;
  const file = options.text('log');
  const log = file === undefined ? undefined : await openRotatedLog({ file: resolve(cwd, file) });
  const written = (text: string): void => log?.line(stamped(clock.nowMs(), text));
  const show = journal({ output, clock, words: wordsOf, colour: colourOf });
  const echoes = new Map(names.map((name) => [name, createEcho(echoTo(context, written))]));
  return {
    say(name, event) {
      if (event.kind === 'ended') echoes.get(name)?.flush();
      const told = names.length === 1 ? event : { slot: name, ...event };
      show(told);
      const text = wordsOf(told);
      if (text !== undefined) written(harmlessLine(text));
    },
    onOutput: (name) => (options.has('echo') ? echoes.get(name)?.push : undefined),
    failed: (error) => written(`error: ${harmlessLine(toSignalboxError(error).message)}`),
  };
}

function echoTo(
  { output }: Context,
  written: RotatedLog['line'],
): { note: (text: string) => void } {
  return {
    note(text) {
      output.note(text);
      written(text);
    },
  };
}

function stamped(atMs: number, text: string): string {
  return `${new Date(atMs).toISOString()} ${text}`;
}

function wordsOf({ slot, ...event }: Told): string | undefined {
  const words = eventWords(event);
  return words === undefined || slot === undefined ? words : `${slot}  ${words}`;
}

function eventWords(event: SidecarEvent | SlotEvent): string | undefined {
  switch (event.kind) {
    case 'slot_again':
      return `ended, starting again in ${lengthInWords(event.forMs)}: ${reasonOf(event.error)}`;
    case 'slot_over':
      return `ended for good: ${reasonOf(event.error)}`;
    default:
      return sidecarWords(event);
  }
}

function colourOf(event: Told): Colour | undefined {
  return event.kind === 'slot_again' || event.kind === 'slot_over' ? 'red' : sidecarColour(event);
}
