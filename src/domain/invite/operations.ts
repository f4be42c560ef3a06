/**
 * Making invites, and using them up. A code is good once: its row is compared and set in the
 * transaction that makes the tokens, so of two machines that bring it at once one is refused.
 */
import {
  type Invite,
  limits,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { pageOf } from '../../core/page.ts';
import { hashSecret, lockProject, makeToken } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { newCode, shownCode } from './code.ts';
import { refuseNames, unknownCode } from './names.ts';
import {
  countOpenInvites,
  endInvite,
  findInvite,
  insertInvite,
  type InviteRow,
  listInvites,
} from './queries.ts';
import { stateOf, toInvite, wantedNames } from './view.ts';

export async function create(
  context: CommandContext,
  input: Parsed<'invite.create'>,
): Promise<Output<'invite.create'>> {
  const { tx, actor, nowMs, random } = context;
  await lockProject(tx, actor.project);
  const { count = 0 } = (await countOpenInvites(tx, actor.project, nowMs)) ?? {};
  if (count >= limits.invitesOpenMax) {
    throw new SignalboxError('conflict', `${count} invites are open, which is the most`, {
      hint: 'Revoke those that nobody needs: `signalbox invite list`.',
    });
  }
  const code = newCode(random);
  const row: InviteRow = {
    id: newId('inv', nowMs, random),
    project: actor.project,
    hash: hashSecret(code),
    agent: input.agent ?? null,
    role: input.role,
    slots: input.slots,
    state: 'open',
    creator: actor.name,
    created_at_ms: nowMs,
    expires_at_ms: nowMs + input.expiresInMs,
    ended_at_ms: null,
    names: '[]',
  };
  await insertInvite(tx, row);
  const data = { ...(row.agent !== null && { agent: row.agent }), role: row.role };
  await record(context, { type: 'invite.created', subject: row.id, data });
  return { invite: toInvite(row, nowMs), code: shownCode(code) };
}

export async function list(
  { db, actor, nowMs }: QueryContext,
  input: Parsed<'invite.list'>,
): Promise<Output<'invite.list'>> {
  const { project } = actor;
  const rows = await listInvites(db, { project, afterId: input.cursor ?? '', limit: input.limit });
  return pageOf(rows, {
    limit: input.limit,
    toItem: (row) => toInvite(row, nowMs),
    toCursor: ({ id }) => id,
  });
}

export async function revoke(
  context: CommandContext,
  { id }: Parsed<'invite.revoke'>,
): Promise<Output<'invite.revoke'>> {
  const { tx, actor, nowMs } = context;
  const row = await findInvite(tx, actor.project, id);
  if (row === undefined) {
    throw new SignalboxError('not_found', `there is no invite ${id}`, {
      hint: '`signalbox invite list` shows the invites there are.',
    });
  }
  if (row.state === 'revoked') return toInvite(row, nowMs);
  const { project, names } = row;
  if (!(await endInvite(tx, { project, id, state: 'revoked', nowMs, names }))) {
    throw new SignalboxError('conflict', `invite ${id} is ${stateOf(row, nowMs)} already`, {
      hint: 'What it made are tokens: end those with `signalbox token revoke`.',
    });
  }
  await record(context, { type: 'invite.revoked', subject: id });
  return toInvite({ ...row, state: 'revoked', ended_at_ms: nowMs }, nowMs);
}

/** The guest goes by the id of the invite. */
export async function check({ db, actor, nowMs }: QueryContext): Promise<Invite> {
  const row = await findInvite(db, actor.project, actor.name);
  if (row === undefined || stateOf(row, nowMs) !== 'open') throw unknownCode();
  return toInvite(row, nowMs);
}

export async function redeem(
  context: CommandContext,
  input: Parsed<'invite.redeem'>,
): Promise<Output<'invite.redeem'>> {
  const { tx, actor, nowMs } = context;
  const { project, name: id } = actor;
  await lockProject(tx, project);
  const row = await findInvite(tx, project, id);
  if (row === undefined || stateOf(row, nowMs) !== 'open') throw unknownCode();
  const names = wantedNames(row, input.names);
  await refuseNames(context, row, names);
  const end = { project, id, state: 'redeemed', nowMs, names: JSON.stringify(names) } as const;
  if (!(await endInvite(tx, end))) throw unknownCode();
  const tokens = [];
  for (const agent of names) {
    tokens.push(
      await makeToken(context, { agent, role: row.role, expiresAtMs: null, rotatedFrom: null }),
    );
  }
  const data = { name: names.join(', '), role: row.role };
  await record(context, { type: 'invite.redeemed', subject: id, data });
  return { project, tokens };
}
