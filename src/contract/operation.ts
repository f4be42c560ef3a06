/**
 * One definition, many doors. An operation is a plain object; from its name come the HTTP path
 * `POST /v1/task.submit`, the socket frame, `client.task.submit()` and the command
 * `signalbox call task.submit`.
 *
 * A query reads. A command writes: the idempotency key, what the handler wrote, its events and its
 * audit line are one transaction, and its answer is on disk before it is given. An upload is a
 * command and a download is a query; either carries a stream of bytes beside its input and output,
 * which is never held in memory.
 */
import { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/**
 * What a token may do. A role is a set of these, see `agent.ts`; `join` is what the code of an
 * invite may do, see `invite.ts`.
 */
export const Scope = z.enum([
  'read',
  'submit',
  'work',
  'verify',
  'approve',
  'operate',
  'admin',
  'join',
]);
export type Scope = z.infer<typeof Scope>;

export type Kind = 'query' | 'command' | 'upload' | 'download';

export interface Operation<
  Name extends string = string,
  In extends z.ZodType = z.ZodType,
  Out extends z.ZodType = z.ZodType,
  OfKind extends Kind = Kind,
> {
  name: Name;
  kind: OfKind;
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

/** What the sender of a stream may declare of it; what comes is held to that. */
export const Declared = z.object({
  bytes: z.int().min(0).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits, lower case')
    .optional(),
});
export type Declared = z.infer<typeof Declared>;

/** What a stream is, once all of it is there: enough for any door to name it and to cut it. */
export const Content = z.object({
  name: z.string(),
  mediaType: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
});
export type Content = z.infer<typeof Content>;

export function upload<
  Name extends string,
  In extends z.ZodType<Declared>,
  Out extends z.ZodType<Content>,
>(name: Name, definition: Definition<In, Out>): Operation<Name, In, Out, 'upload'> {
  return { name, kind: 'upload', errors: [], ...definition, isJournaled: true, isSecret: false };
}

export function download<Name extends string, In extends z.ZodType, Out extends z.ZodType<Content>>(
  name: Name,
  definition: Definition<In, Out>,
): Operation<Name, In, Out, 'download'> {
  return { name, kind: 'download', errors: [], ...definition, isJournaled: false, isSecret: false };
}
