/**
 * What can go wrong, as a closed list. One table maps a code to every wire.
 *
 * Our readers are language models and tired people, so each error carries a `hint` that says what
 * to do next. `retryAfterMs` is there exactly when trying the same again makes sense. The private
 * cause stays inside the hub.
 */
import { z } from 'zod';

interface Wire {
  http: number;
  /** JSON-RPC 2.0 codes; our own start at -32001, as the specification's reserved range allows. */
  jsonRpc: number;
  /** Exit code of the command line; 64 and up follow sysexits.h. */
  exit: number;
  /** The same request may succeed later, though nobody changes it: the hub or its load is why. */
  passes: boolean;
  hint: string;
}

export const errorCodes = [
  'invalid_input',
  'unknown_operation',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'stale_fence',
  'key_reused',
  'cursor_expired',
  'too_large',
  'out_of_range',
  'rate_limited',
  'unsupported',
  'unavailable',
  'storage_full',
  'internal',
] as const;
export const ErrorCode = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof ErrorCode>;

export const errorTable: Record<ErrorCode, Wire> = {
  invalid_input: {
    http: 400,
    jsonRpc: -32602,
    exit: 64,
    passes: false,
    hint: 'Correct the fields that the message names and send the request again.',
  },
  unknown_operation: {
    http: 404,
    jsonRpc: -32601,
    exit: 64,
    passes: false,
    hint: 'See GET /openapi.json or `signalbox call --list` for the operations there are.',
  },
  unauthenticated: {
    http: 401,
    jsonRpc: -32001,
    exit: 77,
    passes: false,
    hint: 'Send a valid token: `Authorization: Bearer sbx_…`, or --token / SIGNALBOX_TOKEN.',
  },
  forbidden: {
    http: 403,
    jsonRpc: -32002,
    exit: 77,
    passes: false,
    hint: 'Use a token whose role may do this; `signalbox token create` makes one.',
  },
  not_found: {
    http: 404,
    jsonRpc: -32003,
    exit: 66,
    passes: false,
    hint: 'Check the id; it must be of your own project.',
  },
  conflict: {
    http: 409,
    jsonRpc: -32004,
    exit: 75,
    passes: false,
    hint: 'Read the current state, then decide again.',
  },
  stale_fence: {
    http: 409,
    jsonRpc: -32005,
    exit: 75,
    passes: false,
    hint: 'Stop this attempt: the task has moved on. A late result is kept beside it.',
  },
  key_reused: {
    http: 422,
    jsonRpc: -32006,
    exit: 65,
    passes: false,
    hint: 'An idempotency key belongs to one body; use a new key for a new request.',
  },
  cursor_expired: {
    http: 410,
    jsonRpc: -32007,
    exit: 65,
    passes: false,
    hint: 'Start again from the earliest cursor that the details name.',
  },
  too_large: {
    http: 413,
    jsonRpc: -32008,
    exit: 65,
    passes: false,
    hint: 'Send less in one request; the limits are listed in the protocol document.',
  },
  out_of_range: {
    http: 416,
    jsonRpc: -32013,
    exit: 64,
    passes: false,
    hint: 'Ask for bytes that are there; the details name how many there are.',
  },
  rate_limited: {
    http: 429,
    jsonRpc: -32009,
    exit: 75,
    passes: true,
    hint: 'Wait for retryAfterMs, then send again.',
  },
  unsupported: {
    http: 415,
    jsonRpc: -32010,
    exit: 64,
    passes: false,
    hint: 'Send JSON in UTF-8 with `Content-Type: application/json`.',
  },
  unavailable: {
    http: 503,
    jsonRpc: -32011,
    exit: 69,
    passes: true,
    hint: 'The hub or its database cannot be reached now; try again, and see `signalbox doctor`.',
  },
  storage_full: {
    http: 507,
    jsonRpc: -32012,
    exit: 74,
    passes: true,
    hint: 'Free space on the disk of the data folder; nothing was written.',
  },
  internal: {
    http: 500,
    jsonRpc: -32603,
    exit: 70,
    passes: true,
    hint: 'This is a defect of the hub; its log has the cause.',
  },
};

export const ErrorBody = z.strictObject({
  code: ErrorCode,
  message: z.string(),
  hint: z.string(),
  retryAfterMs: z.int().min(0).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

export interface ErrorExtras {
  hint?: string;
  retryAfterMs?: number;
  details?: Record<string, unknown>;
  cause?: unknown;
}

export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterMs: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.hint = extras.hint ?? errorTable[code].hint;
    this.retryAfterMs = extras.retryAfterMs;
    this.details = extras.details;
  }

  /** What goes over a wire: never the cause, never the stack. */
  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }

  static fromBody({ code, message, hint, retryAfterMs, details }: ErrorBody): SignalboxError {
    return new SignalboxError(code, message, {
      hint,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(details === undefined ? {} : { details }),
    });
  }
}

/**
 * May the same be tried again? Where the hub names a time it may, whatever the code. What was
 * thrown by anything else than a hub or its client is nobody's answer, and does not pass.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof SignalboxError)) return false;
  return error.retryAfterMs !== undefined || errorTable[error.code].passes;
}
