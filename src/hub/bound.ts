/** An operation joined to its handler: parse, do, parse the answer. No door can leave one out. */
import { hash } from 'node:crypto';
import type { z } from 'zod';
import { type Content, type Declared, type Operation, SignalboxError } from '../contract/index.ts';
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

export type Bound =
  | { kind: 'query'; operation: Operation; parse: (input: unknown) => QueryRequest }
  | { kind: 'command'; operation: Operation; parse: (input: unknown) => CommandRequest }
  | { kind: 'upload'; operation: Operation; parse: (input: unknown) => UploadRequest }
  | { kind: 'download'; operation: Operation; parse: (input: unknown) => DownloadRequest };

export function query<In extends z.ZodType, Out extends z.ZodType>(
  operation: Operation<string, In, Out, 'query'>,
  handle: (context: QueryContext, input: z.output<In>) => Promise<z.output<Out>>,
): Bound {
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

export function command<In extends z.ZodType, Out extends z.ZodType>(
  operation: Operation<string, In, Out, 'command'>,
  handle: (context: CommandContext, input: z.output<In>) => Promise<z.output<Out> | SignalboxError>,
): Bound {
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

export function upload<In extends z.ZodType<Declared>, Out extends z.ZodType<Content>>(
  operation: Operation<string, In, Out, 'upload'>,
  { check, keep }: UploadHandler<z.output<In>, z.output<Out>>,
): Bound {
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

export function download<In extends z.ZodType, Out extends z.ZodType<Content>>(
  operation: Operation<string, In, Out, 'download'>,
  handle: (context: QueryContext, input: z.output<In>) => Promise<z.output<Out>>,
): Bound {
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
  const parts = shown.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
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
