/** Tokens: 256 random bits, shown once, kept as a hash. */
import { createHash } from 'node:crypto';
import {
  nameKey,
  type Output,
  type Parsed,
  type Role,
  SignalboxError,
  type Token,
} from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { newId, newSecret } from '../../core/ids.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import {
  endToken,
  findTokenById,
  insertToken,
  listTokens,
  listTokensOf,
  type TokenRow,
} from './token-queries.ts';

/** A plain hash is right here: the secret is 256 random bits, so there is nothing to guess. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export interface NewToken {
  agent: string;
  role: Role;
  expiresAtMs: number | null;
  rotatedFrom: string | null;
  /** Made here unless it is given. */
  secret?: string;
}

export async function makeToken(
  context: CommandContext,
  wanted: NewToken,
): Promise<{ token: Token; secret: string }> {
  const { tx, nowMs, random, actor } = context;
  const secret = wanted.secret ?? newSecret('sbx', random);
  const row: TokenRow = {
    id: newId('tok', nowMs, random),
    project: actor.project,
    agent: wanted.agent,
    agent_key: nameKey(wanted.agent),
    role: wanted.role,
    hash: hashSecret(secret),
    created_at_ms: nowMs,
    expires_at_ms: wanted.expiresAtMs,
    revoked_at_ms: null,
    rotated_from: wanted.rotatedFrom,
  };
  await insertToken(tx, row);
  await record(context, {
    type: 'token.created',
    subject: row.id,
    data: { agent: row.agent, role: row.role },
  });
  return { token: toToken(row), secret };
}

export function create(
  context: CommandContext,
  input: Parsed<'token.create'>,
): Promise<Output<'token.create'>> {
  const expiresAtMs = input.expiresInMs === undefined ? null : context.nowMs + input.expiresInMs;
  return makeToken(context, {
    agent: input.agent,
    role: input.role,
    expiresAtMs,
    rotatedFrom: null,
  });
}

export async function list(
  context: QueryContext,
  input: Parsed<'token.list'>,
): Promise<Output<'token.list'>> {
  const rows = await listTokens(context.db, {
    project: context.actor.project,
    afterId: input.cursor ?? '',
    limit: input.limit,
  });
  return pageOf(rows, { limit: input.limit, toItem: toToken, toCursor: ({ id }) => id });
}

/** The old secret goes on for the grace time, so that nothing stands still while it is replaced. */
export async function rotate(
  context: CommandContext,
  input: Parsed<'token.rotate'>,
): Promise<Output<'token.rotate'>> {
  const old = await requireToken(context, input.id);
  const isEnded =
    old.revoked_at_ms !== null ||
    (old.expires_at_ms !== null && old.expires_at_ms <= context.nowMs);
  if (isEnded) {
    throw new SignalboxError('conflict', `token ${old.id} has ended already`, {
      hint: 'Make a new one with `signalbox token create`.',
    });
  }
  const graceUntilMs = context.nowMs + input.graceMs;
  const untilMs = Math.min(old.expires_at_ms ?? graceUntilMs, graceUntilMs);
  await endToken(context.tx, old.id, { revokedAtMs: null, expiresAtMs: untilMs });
  await record(context, {
    type: 'token.rotated',
    subject: old.id,
    data: { agent: old.agent, untilMs },
  });
  return makeToken(context, {
    agent: old.agent,
    role: old.role,
    expiresAtMs: old.expires_at_ms,
    rotatedFrom: old.id,
  });
}

export async function revoke(
  context: CommandContext,
  input: Parsed<'token.revoke'>,
): Promise<Output<'token.revoke'>> {
  const token = await requireToken(context, input.id);
  if (token.revoked_at_ms !== null) return toToken(token);
  return end(context, token, input.reason);
}

/** Ends all tokens of an agent, and returns how many. */
export async function endTokensOf(
  context: CommandContext,
  key: string,
  reason: string,
): Promise<number> {
  const tokens = await listTokensOf(context.tx, { project: context.actor.project, key });
  for (const token of tokens) await end(context, token, reason);
  return tokens.length;
}

/** Whoever leaves takes nothing along: the token that asks is the one that ends. */
export async function resign(
  context: CommandContext,
  input: Parsed<'token.resign'>,
): Promise<Output<'token.resign'>> {
  const { tokenId, name } = context.actor;
  if (tokenId !== null) return revoke(context, { ...input, id: tokenId });
  throw new SignalboxError(
    'conflict',
    `${name} was let in without a token, so there is none to end`,
    {
      hint: 'Ask with the token that is to end.',
    },
  );
}

async function end(
  context: CommandContext,
  token: TokenRow,
  reason: string | undefined,
): Promise<Token> {
  const { tx, nowMs } = context;
  await endToken(tx, token.id, { revokedAtMs: nowMs, expiresAtMs: token.expires_at_ms });
  await record(context, {
    type: 'token.revoked',
    subject: token.id,
    data: { agent: token.agent, ...(reason === undefined ? {} : { reason }) },
  });
  return toToken({ ...token, revoked_at_ms: nowMs });
}

async function requireToken(context: CommandContext, id: string): Promise<TokenRow> {
  const token = await findTokenById(context.tx, context.actor.project, id);
  if (token === undefined) {
    throw new SignalboxError('not_found', `there is no token ${id}`, {
      hint: '`signalbox token list` shows the tokens there are.',
    });
  }
  return token;
}

function toToken(row: TokenRow): Token {
  return {
    id: row.id,
    agent: row.agent,
    role: row.role,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    revokedAtMs: row.revoked_at_ms,
    rotatedFrom: row.rotated_from,
  };
}
