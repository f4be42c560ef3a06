/**
 * What agents call by name: over MCP, and as methods of `AgentCoordinationClient`.
 *
 * A tool is a thin face of operations of the contract, made for a language model: few fields, a
 * short answer in words that says what to do next, and the same as data. Each word of a name, a
 * description and a field is paid for by every agent at every turn, so there are few.
 */
import type { z } from 'zod';
import {
  type Input,
  type LockHolder,
  type OperationName,
  type Output,
  SignalboxError,
} from '../contract/index.ts';

/** How a tool asks the hub: any door that leads to `invoke`. */
export type Ask = <Name extends OperationName>(
  operation: Name,
  input: Input<Name>,
) => Promise<Output<Name>>;

/** For whom a tool is called, and where. */
export interface Caller {
  /** Who holds the locks that are taken here. */
  holder: LockHolder;
  /** Of the locks taken here, where something renews it. */
  leaseMs?: number;
  /** What it can do, beside what it says when it asks for work. */
  capabilities?: readonly string[];
  /** The repository of the working folder, where there is one. */
  repository?: string;
  /** A path of this machine in the words of its repository; undefined where it is in none. */
  place?: (path: string) => { repository: string; path: string } | undefined;
}

export interface Told<Data extends object = object> {
  /** For a model: what came of it, and what to do next. */
  text: string;
  /**
   * Beside the text for a model, the few facts that it acts on. Some clients show a model these
   * alone and the text within them, so nothing that others wrote stands here by itself.
   */
  brief: Record<string, string | number | boolean | null | readonly string[]>;
  /** For a program: all of it. */
  data: Data;
}

export interface Annotations {
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

/** What a door needs of a tool. */
export interface AnyTool {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  annotations: Annotations;
  /** With arguments as they came. */
  call: (ask: Ask, args: unknown, caller: Caller) => Promise<Told>;
}

interface Definition<In extends z.ZodObject, Data extends object> extends Omit<AnyTool, 'call'> {
  input: In;
  run: (ask: Ask, args: z.output<In>, caller: Caller) => Promise<Told<Data>>;
}

export interface Tool<In extends z.ZodObject, Data extends object> extends Definition<In, Data> {
  call: (ask: Ask, args: unknown, caller: Caller) => Promise<Told<Data>>;
}

export function tool<In extends z.ZodObject, Data extends object>(
  definition: Definition<In, Data>,
): Tool<In, Data> {
  const { input, run } = definition;
  return {
    ...definition,
    async call(ask, args, caller) {
      const parsed = input.safeParse(args ?? {});
      if (parsed.success) return run(ask, parsed.data, caller);
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') ?? '';
      const where = field === '' ? definition.name : field;
      throw new SignalboxError('invalid_input', `${where}: ${issue?.message ?? 'not as asked'}`);
    },
  };
}

/** Asks the hub and changes nothing. */
export const READS: Annotations = { readOnlyHint: true, openWorldHint: false };
/** Changes something that can be taken back. */
export const WRITES: Annotations = { destructiveHint: false, openWorldHint: false };
/** The same, and twice is once. */
export const SETS: Annotations = { ...WRITES, idempotentHint: true };
