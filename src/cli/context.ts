/** What a command gets to work with, and the one way that it reaches the hub. */
import { text } from 'node:stream/consumers';
import { connect, type Client, type ConnectOptions } from '../client/index.ts';
import { SignalboxError } from '../contract/errors.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { findHub, type HubPlace } from './place/connection.ts';
import { listenForInterruption } from './terminal/interruption.ts';
import { readOptions, type Options } from './options.ts';
import type { Output } from './terminal/output.ts';
import type { Env } from './place/places.ts';
import { reached, tellStates } from './place/reached.ts';

/** After so long without a word a person wonders. */
const PATIENCE_MS = 1_000;

export interface Context {
  /** What stands on the command line beside the options. */
  args: readonly string[];
  options: Options;
  output: Output;
  env: Env;
  cwd: string;
  clock: Clock;
  /** Which hub it is; throws where none is known. */
  place: () => Promise<HubPlace>;
  /** For commands that ask and end: over HTTP, where a hub that is not there is known at once. */
  hub: (speaker?: Speaker) => Promise<Client>;
  /** For commands that stay: over a socket, with live events, outliving a hub that restarts. */
  live: (speaker?: Speaker) => Promise<Client>;
  readStdin: () => Promise<string>;
  /** Aborts at the first Ctrl-C; a second one ends the process. */
  interruption: () => AbortSignal;
  close: () => void;
}

/** Somebody else than the one whom the place knows. */
export type Speaker = Pick<ConnectOptions, 'token' | 'agent'>;

export interface Invocation {
  args: readonly string[];
  values: Readonly<Record<string, unknown>>;
  output: Output;
  env: Env;
  cwd: string;
}

export function createContext({ args, values, output, env, cwd }: Invocation): Context {
  const options = readOptions(values);
  const clock = systemClock();
  const closers: (() => void)[] = [];
  let found: Promise<HubPlace> | undefined;
  let interrupted: AbortSignal | undefined;

  const place = (): Promise<HubPlace> =>
    (found ??= findHub({
      url: options.text('url') ?? options.text('broker'),
      token: options.text('token'),
      env,
    }));

  const open = async (transport: 'http' | 'socket', speaker: Speaker = {}): Promise<Client> => {
    const there = await place();
    const client = connect({ ...there, ...speaker, transport });
    closers.push(() => client.close());
    const waits = (): void => output.note(`Waiting for the hub at ${there.url} …`, 'note');
    closers.push(clock.after(PATIENCE_MS, () => output.hasSpoken() || waits()));
    if (transport === 'http') return client;
    await reached(client, there.url, interrupted);
    closers.push(tellStates(client, output));
    return client;
  };

  return {
    args,
    options,
    output,
    env,
    cwd,
    clock,
    place,
    hub: (speaker) => open('http', speaker),
    live: (speaker) => open('socket', speaker),
    readStdin,
    interruption() {
      const { signal, close } = listenForInterruption();
      closers.push(close);
      return (interrupted = signal);
    },
    close: () =>
      closers
        .splice(0)
        .toReversed()
        .forEach((close) => close()),
  };
}

async function readStdin(): Promise<string> {
  if (!process.stdin.isTTY) return text(process.stdin);
  throw new SignalboxError('invalid_input', '`-` reads from a pipe, and there is none.', {
    hint: 'For example: cat notes.md | signalbox task submit "title" --body -',
  });
}
