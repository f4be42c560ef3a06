/** Which adapter speaks to what does the work. */
import type { Adapter } from '../adapter.ts';
import { acpAdapter } from './acp.ts';
import { aider } from './aider.ts';
import { claude } from './claude.ts';
import { cliKinds, type Cli, type CliKind } from './cli.ts';
import { codex } from './codex.ts';
import { commandAdapter, type AdapterOptions } from './command.ts';
import { copilot } from './copilot.ts';
import { gemini } from './gemini.ts';
import { streamAdapter } from './stream.ts';

export const adapterKinds = ['command', ...cliKinds, 'acp'] as const;
export type AdapterKind = (typeof adapterKinds)[number];

const clis: Record<CliKind, Cli> = { claude, codex, gemini, copilot, aider };

export function createAdapter(kind: AdapterKind, options: AdapterOptions): Adapter {
  if (isCli(kind)) return streamAdapter(clis[kind], options);
  return kind === 'acp' ? acpAdapter(options) : commandAdapter(options);
}

/** Started by its own name, with arguments of ours. */
export function isCli(kind: AdapterKind): kind is CliKind {
  return cliKinds.some((cli) => cli === kind);
}

/** The program that is started, with its arguments as far as they are known before a task. */
export function commandOf(kind: AdapterKind, given: readonly string[]): string[] {
  if (!isCli(kind)) return [...given];
  const { program, args } = clis[kind];
  return [program, ...args({ extra: given, promptFile: 'PROMPT.md' })];
}

/** What it leaves in the place of work that is no part of a change. */
export function scratchOf(kind: AdapterKind): readonly string[] {
  return isCli(kind) ? (clis[kind].scratch ?? []) : [];
}
