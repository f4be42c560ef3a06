/** An agent's CLI: how it is started, and what its output means. */
import type { Translate } from './cli-event.ts';

export const cliKinds = ['claude', 'codex', 'gemini', 'copilot', 'aider'] as const;
export type CliKind = (typeof cliKinds)[number];

export interface Cli {
  kind: CliKind;
  /** What it is called in PATH. */
  program: string;
  args: (parts: CliParts) => string[];
  /** What it reads on its standard input. */
  input: 'prompt' | 'nothing';
  /** A new one for each run: what a line means may depend on those before it. */
  translator: () => Translate;
  /** Files of its own that it leaves in the place of work: no part of a change. */
  scratch?: readonly string[];
}

export interface CliParts {
  /** What the person gave besides; it comes last, so that it counts. */
  extra: readonly string[];
  /** The prompt as a file, outside the place of work. */
  promptFile: string;
}
