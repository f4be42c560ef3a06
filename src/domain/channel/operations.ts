/** Channels and who belongs to them: each member has a cursor of its own. */
import {
  channelKey,
  EVERYONE,
  type Member,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { registerActor } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import {
  findChannel,
  findMember,
  listChannels,
  listEverybody,
  listMembers,
  makeChannel,
  type MemberRow,
  removeMember,
  saveMember,
} from './queries.ts';

export async function list(
  { db, actor }: QueryContext,
  input: Parsed<'channel.list'>,
): Promise<Output<'channel.list'>> {
  const page = { project: actor.project, afterKey: input.cursor ?? '', limit: input.limit };
  const rows = await listChannels(db, page);
  return pageOf(rows, {
    limit: input.limit,
    toItem: (row) => ({
      name: row.key,
      messages: row.last_seq,
      members: row.members,
      createdAtMs: row.created_at_ms,
      lastPostedAtMs: row.last_posted_at_ms,
      headCursor: row.last_seq,
    }),
    toCursor: ({ key }) => key,
  });
}

export async function join(
  context: CommandContext,
  input: Parsed<'channel.join'>,
): Promise<Output<'channel.join'>> {
  const { tx, actor, nowMs } = context;
  await registerActor(context);
  const at = { project: actor.project, channel: channelKey(input.name) };
  await makeChannel(tx, { ...at, nowMs });
  const head = (await findChannel(tx, at))?.last_seq ?? 0;
  refuseFuturePlace(input.after ?? 0, head);
  const before = await findMember(tx, at, actor.key);
  const row: MemberRow = {
    ...at,
    agent_key: actor.key,
    agent: actor.name,
    cursor_seq: input.after ?? before?.cursor_seq ?? head,
    joined_at_ms: before?.joined_at_ms ?? nowMs,
  };
  await saveMember(tx, row);
  if (before === undefined) {
    await record(context, {
      type: 'channel.joined',
      subject: at.channel,
      data: { agent: actor.name },
    });
  }
  return toMember(row, head, true);
}

export async function leave(
  context: CommandContext,
  input: Parsed<'channel.leave'>,
): Promise<Output<'channel.leave'>> {
  const { tx, actor } = context;
  const at = { project: actor.project, channel: channelKey(input.name) };
  const wasMember = await removeMember(tx, at, actor.key);
  if (wasMember) {
    await record(context, {
      type: 'channel.left',
      subject: at.channel,
      data: { agent: actor.name },
    });
  }
  return { wasMember };
}

/** A cursor of what went to everyone is kept for whoever moves it: nobody joins that channel. */
export async function seen(
  context: CommandContext,
  input: Parsed<'channel.seen'>,
): Promise<Output<'channel.seen'>> {
  const { tx, actor, nowMs } = context;
  const at = { project: actor.project, channel: channelKey(input.name) };
  const head = (await findChannel(tx, at))?.last_seq ?? 0;
  refuseFuturePlace(input.upTo, head);
  const before = await findMember(tx, at, actor.key);
  if (before === undefined && at.channel !== EVERYONE) throw notMember(input.name);
  const row: MemberRow = {
    ...at,
    agent_key: actor.key,
    agent: actor.name,
    cursor_seq: Math.max(before?.cursor_seq ?? 0, input.upTo),
    joined_at_ms: before?.joined_at_ms ?? nowMs,
  };
  await saveMember(tx, row);
  return toMember(row, head, true);
}

export function refuseFuturePlace(cursor: number, newest: number): void {
  if (cursor <= newest) return;
  throw new SignalboxError('invalid_input', `the newest place is ${newest}, not ${cursor}`, {
    hint: `Go on from a cursor that this hub gave for this channel; the newest is ${newest}.`,
    details: { latest: newest },
  });
}

function notMember(name: string): SignalboxError {
  return new SignalboxError('conflict', `you do not belong to the channel ${name}`, {
    hint: 'Join it first: `signalbox channel join`.',
  });
}

export async function members(
  { db, actor }: QueryContext,
  input: Parsed<'channel.members'>,
): Promise<Output<'channel.members'>> {
  const at = { project: actor.project, channel: channelKey(input.name) };
  const channel = await findChannel(db, at);
  const isEveryone = at.channel === EVERYONE;
  if (channel === undefined && !isEveryone) throw noChannel(input.name);
  const head = channel?.last_seq ?? 0;
  const page = { ...at, afterKey: input.cursor ?? '', limit: input.limit };
  const rows = await (isEveryone ? listEverybody(db, page) : listMembers(db, page));
  return pageOf(rows, {
    limit: input.limit,
    toItem: (row) => toMember(row, head, row.presence === 'online'),
    toCursor: ({ agent_key: key }) => key,
  });
}

function noChannel(name: string): SignalboxError {
  return new SignalboxError('not_found', `there is no channel ${name}`, {
    hint: '`signalbox channel list` shows the channels; the first message makes one.',
  });
}

function toMember(row: MemberRow, head: number, isOnline: boolean): Member {
  return {
    agent: row.agent,
    cursor: row.cursor_seq,
    unread: Math.max(0, head - row.cursor_seq),
    isOnline,
    joinedAtMs: row.joined_at_ms,
  };
}
