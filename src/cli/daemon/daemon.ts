/** A service of the machine that runs `agent run`, apart from how systemd and launchd do it. */
import { SignalboxError } from '../../contract/errors.ts';
import { harmlessLine } from '../terminal/harmless.ts';

export interface Service {
  /** The agent's, which names the service too. */
  name: string;
  /** A program by its absolute path, and its arguments. */
  command: readonly string[];
  /** An absolute path. */
  folder: string;
  environment: Readonly<Record<string, string>>;
}

/** As the machine's own tool calls it: `active`, `failed`, … */
export interface Installed {
  name: string;
  file: string;
  state: string;
}

/** The manager of services on a machine. */
export interface Services {
  /** The text of the file that `install` would write, and where. */
  draft: (service: Service) => { file: string; text: string };
  /** Writes, enables and starts it; where that fails, nothing is left. */
  install: (service: Service) => Promise<void>;
  /** Stops it and takes its file away; false where there is none. */
  uninstall: (name: string) => Promise<boolean>;
  list: () => Promise<Installed[]>;
  /** How a person sees what the service of this name says. */
  readLog: (name: string) => string;
}

/** Runs a program to its end. Rejects only where it could not be started. */
export type RunProgram = (
  program: string,
  args: readonly string[],
) => Promise<{ code: number; stdout: string; stderr: string }>;

/** The machine's tool for services; `must` throws what the tool says against it. */
export interface Tool {
  ask: (...args: string[]) => ReturnType<RunProgram>;
  must: (...args: string[]) => Promise<void>;
}

export function toolOf(run: RunProgram, program: string, first: readonly string[]): Tool {
  const ask: Tool['ask'] = (...args) => run(program, [...first, ...args]);
  return {
    ask,
    async must(...args) {
      const { code, stderr } = await ask(...args);
      if (code !== 0) throw toolRefused([program, ...first, ...args].join(' '), stderr);
    },
  };
}

export function toolRefused(line: string, said: string): SignalboxError {
  const reason = harmlessLine(said) || 'it gave no reason';
  return new SignalboxError('unavailable', `\`${line}\` failed: ${reason}`, {
    hint: 'Run it yourself instead: signalbox agent run …; --print shows the file of the service.',
  });
}

const CONTROL = /\p{Cc}/u;

/** No file of a service can hold these signs in a way that every version reads alike. */
export function refuseControl(what: string, text: string): string {
  if (!CONTROL.test(text)) return text;
  throw new SignalboxError('invalid_input', `${what} holds a line end or another control sign.`, {
    hint: 'Put it into a script, and give the path of that.',
  });
}

/** Somebody else's file is not written over. */
export function refuseForeign(file: string, text: string | undefined, mark: string): void {
  if (text === undefined || text.includes(mark)) return;
  throw new SignalboxError('conflict', `${file} is there and was not made by Signalbox.`, {
    hint: 'Take it away, or choose another name with --name.',
  });
}
