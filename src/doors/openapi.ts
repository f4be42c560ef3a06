/** The contract as OpenAPI 3.1, made from the same definitions that the hub checks with. */
import { z } from 'zod';
import { type ErrorCode, ErrorBody, errorTable, operations } from '../contract/index.ts';

/** What any request can meet, whatever the operation. */
const COMMON: readonly ErrorCode[] = [
  'invalid_input',
  'unauthenticated',
  'forbidden',
  'too_large',
  'unsupported',
  'rate_limited',
  'unavailable',
  'storage_full',
];

/** How an operation of each kind is asked for over HTTP. */
export const methods = { query: 'post', command: 'post', upload: 'put', download: 'get' } as const;

export function openApi(version: string): Record<string, unknown> {
  const paths = Object.values(operations).map((operation) => [
    `/v1/${operation.name}`,
    { [methods[operation.kind]]: describe(operation) },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox',
      version,
      description: 'The coordination hub for AI coding agents.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ bearer: [] }, { apiKey: [] }],
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Error: z.toJSONSchema(z.strictObject({ error: ErrorBody })) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
  };
}

type AnyOperation = (typeof operations)[keyof typeof operations];

function describe(operation: AnyOperation): Record<string, unknown> {
  const { name, kind, scope, summary } = operation;
  const isStreamed = kind === 'upload' || kind === 'download';
  const { isJournaled: isKeyed } = operation;
  return {
    operationId: name,
    tags: [name.split('.')[0]],
    summary,
    description: `A ${kind}. Scope: ${scope}.`,
    parameters: [...(isStreamed ? inQuery(operation) : []), ...(isKeyed ? [KEY] : [])],
    ...bodyOf(operation),
    responses: {
      200: {
        description: 'Done, and on disk where it is a command.',
        content: kind === 'download' ? BYTES : json(z.toJSONSchema(operation.output)),
      },
      ...(kind === 'download' ? { 206: { description: 'The range.', content: BYTES } } : {}),
      ...refusals([...COMMON, ...operation.errors, ...(isKeyed ? KEYED : [])]),
    },
  };
}

const BYTES = { '*/*': { schema: { type: 'string', format: 'binary' } } };

function json(schema: unknown): unknown {
  return { 'application/json': { schema } };
}

function bodyOf({ kind, input }: AnyOperation): Record<string, unknown> {
  if (kind === 'download') return {};
  const content = kind === 'upload' ? BYTES : json(z.toJSONSchema(input, { io: 'input' }));
  return { requestBody: { required: true, content } };
}

/** Beside a stream the input stands in the query. */
function inQuery({ input }: AnyOperation): unknown[] {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema };
  });
}

const KEYED: readonly ErrorCode[] = ['key_reused'];

const KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and body give the first answer again, for 24 hours.',
  schema: { type: 'string', maxLength: 200 },
};

/** Several codes may share one status. */
function refusals(codes: readonly ErrorCode[]): Record<string, unknown> {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorTable[code].http);
  const responses = [...byStatus].map(([status, shared]): [string, unknown] => [
    String(status),
    {
      description: shared.map((code) => `${code}: ${errorTable[code].hint}`).join(' · '),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    },
  ]);
  return Object.fromEntries(responses);
}
