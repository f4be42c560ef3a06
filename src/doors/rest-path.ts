/** A line in the tables of plain paths. */
import type { z } from 'zod';

export interface Answering<Out extends z.ZodType> {
  name: string;
  output: Out;
}

/** Asks the hub in the name of whoever sent the request; `claimed` is whom it names as itself. */
export type Ask = <Out extends z.ZodType>(
  operation: Answering<Out>,
  input: Record<string, unknown>,
  claimed?: unknown,
) => Promise<z.output<Out>>;

export interface RestRequest {
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: Readonly<Record<string, unknown>>;
}

export interface RestPath {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  answer: (ask: Ask, request: RestRequest) => Promise<unknown>;
}
