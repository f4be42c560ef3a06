/**
 * One definition, many doors. An operation is a plain object; from its name come the HTTP path
 * `POST /v1/task.submit`, the socket frame, `client.task.submit()` and the command
 * `signalbox call task.submit`.
 *
 * A query reads. A command writes: the idempotency key, what the handler wrote, its events and its
 * audit line are one transaction, and its answer is on disk before it is given.
 */
import { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** What a token may do. A role is a set of these, see `agent.ts`. */
export const Scope = z.enum(['read', 'submit', 'work', 'verify', 'approve', 'operate', 'admin']);
export type Scope = z.infer<typeof Scope>;

export interface Operation<
  Name extends string = string,
  In extends z.ZodType = z.ZodType,
  Out extends z.ZodType = z.ZodType,
  Kind extends 'query' | 'command' = 'query' | 'command',
> {
  name: Name;
  kind: Kind;
  scope: Scope;
  summary: string;
  input: In;
  output: Out;
  /** Refusals of this operation beyond those that any request can meet. */
  errors: readonly ErrorCode[];
  /** False for beats and the like, which say nothing new and would drown the audit. */
  isJournaled: boolean;
  /** True where the reply holds a secret: it is neither kept nor given a second time. */
  isSecret: boolean;
}

interface Definition<In extends z.ZodType, Out extends z.ZodType> {
  scope: Scope;
  summary: string;
  input: In;
  output: Out;
  errors?: readonly ErrorCode[];
}

export function query<Name extends string, In extends z.ZodType, Out extends z.ZodType>(
  name: Name,
  definition: Definition<In, Out>,
): Operation<Name, In, Out, 'query'> {
  return { name, kind: 'query', errors: [], ...definition, isJournaled: false, isSecret: false };
}

export function command<Name extends string, In extends z.ZodType, Out extends z.ZodType>(
  name: Name,
  definition: Definition<In, Out> & { isJournaled?: boolean; isSecret?: boolean },
): Operation<Name, In, Out, 'command'> {
  return { name, kind: 'command', errors: [], isJournaled: true, isSecret: false, ...definition };
}
