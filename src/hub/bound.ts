/** An operation joined to its handler: parse, do, parse the answer. No door can leave one out. */
import { hash } from 'node:crypto';
import type { z } from 'zod';
import {
  type Content,
  type Declared,
  type Kind,
  type Operation,
  type OperationName,
  SignalboxError,
} from '../contract/index.ts';
import { issueWords } from '../contract/issue-words.ts';
import type { CommandContext, QueryContext } from '../domain/event/index.ts';
import type { Written } from '../store/blobs.ts';

/** A request whose input has been parsed. */
export interface QueryRequest {
  run: (context: QueryContext) => Promise<unknown>;
}

export interface CommandRequest {
  /** Tells two inputs apart under one idempotency key; made when asked for. */
  hash: () => string;
  /** An error that is answered, not thrown, is a refusal whose writing stays. */
  run: (context: CommandContext) => Promise<unknown>;
}

export interface UploadRequest {
  declared: Declared;
  /** Refuses before the stream is read what would be refused after it. */
  check: (context: QueryContext) => Promise<void>;
  /** The command that names what has come. */
  naming: (blob: Written) => CommandRequest;
}

export interface DownloadRequest {
  run: (context: QueryContext) => Promise<Content>;
}

interface Parsing<OfKind extends Kind, Name extends string, Request> {
  kind: OfKind;
  operation: Operation<Name>;
  parse: (input: unknown) => Request;
}

export type Bound<Name extends string = string> =
  | Parsing<'query', Name, QueryRequest>
  | Parsing<'command', Name, CommandRequest>
  | Parsing<'upload', Name, UploadRequest>
  | Parsing<'download', Name, DownloadRequest>;

/** Each name with its own operation: a missing one, or that of another, does not compile. */
export type Handlers<Name extends OperationName> = { [One in Name]: Bound<One> };

export function query<Name extends string, In extends z.ZodType, Out extends z.ZodType>(
  operation: Operation<Name, In, Out, 'query'>,
  handle: (context: QueryContext, input: z.output<In>) => Promise<z.output<Out>>,
): Bound<Name> {
  return {
    kind: 'query',
    operation,
    parse(input) {
      const parsed = parseInput(operation, input);
      return {
        run: async (context) => parseOutput(operation, await handle(context, parsed)),
      };
    },
  };
}

export function command<Name extends string, In extends z.ZodType, Out extends z.ZodType>(
  operation: Operation<Name, In, Out, 'command'>,
  handle: (context: CommandContext, input: z.output<In>) => Promise<z.output<Out> | SignalboxError>,
): Bound<Name> {
  return {
    kind: 'command',
    operation,
    parse(input) {
      const parsed = parseInput(operation, input);
      return {
        hash: () => hash('sha256', JSON.stringify(parsed), 'base64url'),
        async run(context) {
          const output = await handle(context, parsed);
          return output instanceof SignalboxError ? output : parseOutput(operation, output);
        },
      };
    },
  };
}

export interface UploadHandler<In, Out> {
  check: (context: QueryContext, input: In) => Promise<void>;
  keep: (context: CommandContext, input: In, blob: Written) => Promise<Out>;
}

export function upload<
  Name extends string,
  In extends z.ZodType<Declared>,
  Out extends z.ZodType<Content>,
>(
  operation: Operation<Name, In, Out, 'upload'>,
  { check, keep }: UploadHandler<z.output<In>, z.output<Out>>,
): Bound<Name> {
  return {
    kind: 'upload',
    operation,
    parse(input) {
      const parsed = parseInput(operation, input);
      return {
        declared: parsed,
        check: (context) => check(context, parsed),
        naming: (blob) => ({
          hash: () => hash('sha256', JSON.stringify([parsed, blob.sha256]), 'base64url'),
          run: async (context) => parseOutput(operation, await keep(context, parsed, blob)),
        }),
      };
    },
  };
}

export function download<Name extends string, In extends z.ZodType, Out extends z.ZodType<Content>>(
  operation: Operation<Name, In, Out, 'download'>,
  handle: (context: QueryContext, input: z.output<In>) => Promise<z.output<Out>>,
): Bound<Name> {
  return {
    kind: 'download',
    operation,
    parse(input) {
      const parsed = parseInput(operation, input);
      return {
        run: async (context) => parseOutput(operation, await handle(context, parsed)),
      };
    },
  };
}

const ISSUES_SHOWN = 10;

function parseInput<In extends z.ZodType>(
  operation: Operation<string, In>,
  input: unknown,
): z.output<In> {
  const result = operation.input.safeParse(input);
  if (result.success) return result.data;
  const shown = result.error.issues.slice(0, ISSUES_SHOWN);
  const parts = shown.map((issue) => {
    const { path } = issue;
    return path.length === 0 ? issueWords(issue) : `${path.join('.')}: ${issueWords(issue)}`;
  });
  throw new SignalboxError(
    'invalid_input',
    `${operation.name}: ${parts.join('; ')}`.slice(0, 2_000),
  );
}

function parseOutput<Out extends z.ZodType>(
  operation: Operation<string, z.ZodType, Out>,
  output: unknown,
): z.output<Out> {
  const result = operation.output.safeParse(output);
  if (result.success) return result.data;
  const cause = result.error;
  throw new SignalboxError('internal', `${operation.name} has made an answer of a wrong shape`, {
    cause,
  });
}
