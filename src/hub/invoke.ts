/**
 * The only way in: identify → scope → rate → parse → handler → parse the answer → reply.
 *
 * For a command the idempotency key, what the handler wrote, its events and its journal line are
 * one transaction, and its answer is given after that is on disk; refusals too.
 */
import { type Call, limits, type Reply, SignalboxError } from '../contract/index.ts';
import { keep, KeyUsed, recall } from '../domain/admin/index.ts';
import type { Actor } from '../domain/event/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store, Tx } from '../store/db.ts';
import { StoreFullError, StoreUnavailableError } from '../store/errors.ts';
import { commandContext } from './context.ts';
import type { Bound, CommandRequest } from './bound.ts';
import type { Rate } from './rate.ts';
import type { Tokens } from './tokens.ts';
import type { Uploads } from './uploads.ts';

export interface Parts {
  store: Store;
  clock: Clock;
  random: Random;
  tokens: Tokens;
  rate: Rate;
  handlers: ReadonlyMap<string, Bound>;
  blobs: Blobs;
  uploads: Uploads;
  /** Hears of what went wrong inside, with the private cause. */
  onDefect: (operation: string, error: unknown) => void;
}

export async function invoke(parts: Parts, call: Call): Promise<Reply> {
  try {
    const asked = await admit(parts, call);
    const { bound, actor, nowMs } = asked;
    switch (bound.kind) {
      case 'query': {
        const request = bound.parse(call.input);
        const { read: db, dialect } = parts.store;
        return { output: await request.run({ db, dialect, actor, nowMs }), isDeduplicated: false };
      }
      case 'command':
        return await runCommand(parts, asked, bound.parse(call.input));
      case 'upload':
      case 'download':
        bound.parse(call.input);
        throw streamed(bound);
    }
  } catch (error) {
    throw known(parts, call.operation, error);
  }
}

export interface Asked<B extends Bound = Bound> {
  bound: B;
  actor: Actor;
  nowMs: number;
  key: string | undefined;
}

/** Identify → scope → rate: what every call passes before its input is looked at. */
export async function admit(parts: Parts, call: Omit<Call, 'input'>): Promise<Asked> {
  const nowMs = parts.clock.nowMs();
  const bound = find(parts, call);
  const actor = await parts.tokens.identify(call.credential, nowMs);
  requireScope(actor, bound);
  parts.rate.take(`${actor.project}/${actor.key}`, nowMs);
  const key = bound.operation.isJournaled ? checkedKey(call.key) : undefined;
  return { bound, actor, nowMs, key };
}

function find(parts: Parts, call: Pick<Call, 'operation'>): Bound {
  const bound = parts.handlers.get(call.operation);
  if (bound !== undefined) return bound;
  const name = call.operation.slice(0, 80);
  throw new SignalboxError('unknown_operation', `there is no operation ${JSON.stringify(name)}`);
}

function streamed({ operation, kind }: Bound): SignalboxError {
  const verb = kind === 'upload' ? 'PUT' : 'GET';
  return new SignalboxError('invalid_input', `${operation.name} carries a stream of bytes`, {
    hint: `Use ${verb} /v1/${operation.name} with the input in the query, or the client's method.`,
  });
}

function requireScope(actor: Actor, { operation }: Bound): void {
  if (actor.scopes.has(operation.scope)) return;
  const { name, role } = actor;
  const message = `${operation.name} needs the scope ${operation.scope}; ${name} is ${role}`;
  throw new SignalboxError('forbidden', message);
}

export async function runCommand(
  parts: Parts,
  asked: Asked,
  request: CommandRequest,
): Promise<Reply> {
  const { bound, actor, nowMs, key } = asked;
  const { operation } = bound;
  const command = { operation: operation.name, key, inputHash: request.hash() };
  try {
    const output = await parts.store.transaction(async (tx: Tx): Promise<unknown> => {
      const context = commandContext({ tx, actor, nowMs, random: parts.random });
      const done = await request.run(context);
      if (!operation.isJournaled) return done;
      if (done instanceof SignalboxError) {
        // What was answered before is answered again: what this refusal would keep is undone.
        if ((await recall(tx, actor, command)) !== undefined) throw new KeyUsed();
        return done;
      }
      await keep(context, command, operation.isSecret ? null : JSON.stringify(done));
      return done;
    });
    if (output instanceof SignalboxError) throw output;
    return { output, isDeduplicated: false };
  } catch (error) {
    // A command that was done already may be refused now, or finds its key when it is written.
    const kept = await recall(parts.store.read, actor, command);
    if (kept === undefined) throw error;
    return { output: JSON.parse(kept.reply), isDeduplicated: true };
  }
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  const isFine = key.length > 0 && key.length <= limits.keyCharsMax && /^[\x21-\x7e]+$/.test(key);
  if (isFine) return key;
  throw new SignalboxError('invalid_input', 'the idempotency key is not printable ASCII', {
    hint: `Use 1 to ${limits.keyCharsMax} characters without spaces.`,
  });
}

/** What a caller may know of an error; the private cause goes to the log. */
export function known(parts: Parts, operation: string, error: unknown): SignalboxError {
  if (error instanceof SignalboxError) {
    if (error.code === 'internal') parts.onDefect(operation, error);
    return error;
  }
  if (error instanceof StoreFullError) {
    return new SignalboxError('storage_full', 'the disk of the hub is full', {
      retryAfterMs: 5_000,
      cause: error,
    });
  }
  if (error instanceof StoreUnavailableError) {
    return new SignalboxError('unavailable', 'the database cannot be reached now', {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
  parts.onDefect(operation, error);
  return new SignalboxError('internal', 'something went wrong inside the hub', { cause: error });
}
