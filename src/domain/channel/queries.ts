/** Where channels, their members, teams and rules are: one statement a function. */
import { EVERYONE, type TeamMode } from '../../contract/index.ts';
import type { z } from 'zod';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface ChannelRow {
  project: string;
  key: string;
  last_seq: number;
  created_at_ms: number;
  last_posted_at_ms: number | null;
}

export interface MemberRow {
  project: string;
  channel: string;
  agent_key: string;
  agent: string;
  cursor_seq: number;
  joined_at_ms: number;
}

export interface TeamRow {
  project: string;
  key: string;
  name: string;
  mode: z.infer<typeof TeamMode>;
  /** JSON list of names. */
  members: string;
}

export interface RouteRow {
  id: string;
  project: string;
  /** A type, or a prefix that ends in `*`. */
  type: string;
  from_key: string | null;
  from_name: string | null;
  /** JSON. */
  recipient: string;
  created_at_ms: number;
}

/** Of one channel in one project. */
export interface At {
  project: string;
  channel: string;
}

/**
 * The next place in a channel, under its row; makes the channel where there is none. Times never go
 * back along the places, so that whoever reads since a time passes over nothing.
 */
export async function takeChannelPlace(
  tx: Tx,
  at: At & { nowMs: number },
): Promise<{ seq: number; atMs: number }> {
  const row = await tx.get<{ seq: number; atMs: number }>(sql`
    insert into channels (project, key, last_seq, created_at_ms, last_posted_at_ms)
    values (${at.project}, ${at.channel}, 1, ${at.nowMs}, ${at.nowMs})
    on conflict (project, key) do update
      set last_seq = channels.last_seq + 1,
        last_posted_at_ms = case when channels.last_posted_at_ms > excluded.last_posted_at_ms
          then channels.last_posted_at_ms else excluded.last_posted_at_ms end
    returning last_seq as seq, last_posted_at_ms as "atMs"`);
  return row ?? { seq: 1, atMs: at.nowMs };
}

export async function makeChannel(tx: Tx, at: At & { nowMs: number }): Promise<void> {
  await tx.run(sql`
    insert into channels (project, key, last_seq, created_at_ms)
    values (${at.project}, ${at.channel}, 0, ${at.nowMs}) on conflict (project, key) do nothing`);
}

export function findChannel(db: Db, at: At): Promise<ChannelRow | undefined> {
  return db.get(sql`select * from channels where project = ${at.project} and key = ${at.channel}`);
}

export interface KeyPage {
  project: string;
  afterKey: string;
  limit: number;
}

export function listChannels(db: Db, page: KeyPage): Promise<(ChannelRow & { members: number })[]> {
  return db.all(sql`
    select c.*, case when c.key = ${EVERYONE}
      then (select count(*) from agents a where a.project = c.project)
      else (select count(*) from members b where b.project = c.project and b.channel = c.key)
      end as members
    from channels c where c.project = ${page.project} and c.key > ${page.afterKey}
    order by c.key ${limitTo(page.limit)}`);
}

/**
 * The channels of an agent that go on beyond its cursor. Each agent belongs to everyone since it
 * registered: what came before that counts as read.
 */
export function listUnread(
  db: Db,
  agent: { project: string; key: string; limit: number },
): Promise<{ channel: string; last_seq: number; cursor_seq: number }[]> {
  return db.all(sql`
    select c.key as channel, c.last_seq, coalesce(b.cursor_seq, (
      select m.channel_seq from messages m
      where m.project = c.project and m.channel = c.key and m.channel is not null
        and m.created_at_ms < a.created_at_ms
      order by m.channel_seq desc limit 1), 0) as cursor_seq
    from channels c
    join agents a on a.project = c.project and a.key = ${agent.key}
    left join members b on b.project = c.project and b.channel = c.key and b.agent_key = a.key
    where c.project = ${agent.project} and c.last_seq > coalesce(b.cursor_seq, 0)
      and (b.cursor_seq is not null or c.key = ${EVERYONE})
    order by c.key ${limitTo(agent.limit)}`);
}

export async function saveMember(tx: Tx, row: MemberRow): Promise<void> {
  await tx.run(sql`
    insert into members (project, channel, agent_key, agent, cursor_seq, joined_at_ms)
    values (${row.project}, ${row.channel}, ${row.agent_key}, ${row.agent}, ${row.cursor_seq},
      ${row.joined_at_ms})
    on conflict (project, channel, agent_key) do update set cursor_seq = excluded.cursor_seq`);
}

export function findMember(tx: Tx, at: At, agentKey: string): Promise<MemberRow | undefined> {
  return tx.get(sql`
    select * from members
    where project = ${at.project} and channel = ${at.channel} and agent_key = ${agentKey}
    ${tx.dialect.forUpdate}`);
}

export async function removeMember(tx: Tx, at: At, agentKey: string): Promise<boolean> {
  const changed = await tx.run(sql`
    delete from members
    where project = ${at.project} and channel = ${at.channel} and agent_key = ${agentKey}`);
  return changed === 1;
}

export interface MemberPage extends At {
  afterKey: string;
  limit: number;
}

export function listMembers(
  db: Db,
  page: MemberPage,
): Promise<(MemberRow & { presence: string | null })[]> {
  return db.all(sql`
    select b.*, a.presence from members b
    left join agents a on a.project = b.project and a.key = b.agent_key
    where b.project = ${page.project} and b.channel = ${page.channel}
      and b.agent_key > ${page.afterKey}
    order by b.agent_key ${limitTo(page.limit)}`);
}

/** Each agent belongs to everyone since it registered: what came before that counts as read. */
export function listEverybody(
  db: Db,
  page: MemberPage,
): Promise<(MemberRow & { presence: string | null })[]> {
  return db.all(sql`
    select a.project, ${page.channel} as channel, a.key as agent_key, a.name as agent, a.presence,
      a.created_at_ms as joined_at_ms,
      coalesce(b.cursor_seq, (
        select m.channel_seq from messages m
        where m.project = a.project and m.channel = ${page.channel} and m.channel is not null
          and m.created_at_ms < a.created_at_ms
        order by m.channel_seq desc limit 1), 0) as cursor_seq
    from agents a
    left join members b on b.project = a.project and b.channel = ${page.channel}
      and b.agent_key = a.key
    where a.project = ${page.project} and a.key > ${page.afterKey}
    order by a.key ${limitTo(page.limit)}`);
}

export function findTeam(db: Db, project: string, key: string): Promise<TeamRow | undefined> {
  return db.get(sql`select * from teams where project = ${project} and key = ${key}`);
}

export async function saveTeam(tx: Tx, row: TeamRow): Promise<void> {
  await tx.run(sql`
    insert into teams (project, key, name, mode, members)
    values (${row.project}, ${row.key}, ${row.name}, ${row.mode}, ${row.members})
    on conflict (project, key) do update
      set name = excluded.name, mode = excluded.mode, members = excluded.members`);
}

export async function removeTeam(tx: Tx, project: string, key: string): Promise<boolean> {
  const changed = await tx.run(sql`delete from teams where project = ${project} and key = ${key}`);
  return changed === 1;
}

export function listTeams(db: Db, page: KeyPage): Promise<TeamRow[]> {
  return db.all(sql`
    select * from teams where project = ${page.project} and key > ${page.afterKey}
    order by key ${limitTo(page.limit)}`);
}

export interface RoutePage {
  project: string;
  afterId: string;
  limit: number;
}

export function listRoutes(db: Db, page: RoutePage): Promise<RouteRow[]> {
  return db.all(sql`
    select * from routes where project = ${page.project} and id > ${page.afterId}
    order by id ${limitTo(page.limit)}`);
}

export async function insertRoute(tx: Tx, row: RouteRow): Promise<void> {
  await tx.run(sql`
    insert into routes (id, project, type, from_key, from_name, recipient, created_at_ms)
    values (${row.id}, ${row.project}, ${row.type}, ${row.from_key}, ${row.from_name},
      ${row.recipient}, ${row.created_at_ms})`);
}

export async function removeRoute(tx: Tx, project: string, id: string): Promise<boolean> {
  const changed = await tx.run(sql`delete from routes where project = ${project} and id = ${id}`);
  return changed === 1;
}
