/** Teams and rules: who is meant beside the one that is named. */
import { z } from 'zod';
import {
  limits,
  Named,
  nameKey,
  type Output,
  type Parsed,
  type Route,
  SignalboxError,
  type Team,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { pageOf } from '../../core/page.ts';
import { findAgent, lockProject } from '../agent/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import {
  insertRoute,
  listRoutes as routesOf,
  listTeams as teamsOf,
  removeRoute as dropRoute,
  removeTeam as dropTeam,
  type RouteRow,
  saveTeam,
  type TeamRow,
} from './queries.ts';

const Names = z.array(z.string());

export async function setTeam(
  { tx, actor }: CommandContext,
  input: Parsed<'team.set'>,
): Promise<Output<'team.set'>> {
  const key = nameKey(input.name);
  const agent = await findAgent(tx, actor.project, key);
  if (agent !== undefined) {
    throw new SignalboxError('conflict', `${agent.name} is the name of an agent`, {
      hint: 'Give the team a name of its own: a message must say whom it means.',
    });
  }
  const members = new Map(input.members.map((name) => [nameKey(name), name]));
  const row: TeamRow = {
    project: actor.project,
    key,
    name: input.name,
    mode: input.mode,
    members: JSON.stringify([...members.values()]),
  };
  await saveTeam(tx, row);
  return toTeam(row);
}

export async function listTeams(
  { db, actor }: QueryContext,
  input: Parsed<'team.list'>,
): Promise<Output<'team.list'>> {
  const page = { project: actor.project, afterKey: input.cursor ?? '', limit: input.limit };
  const rows = await teamsOf(db, page);
  return pageOf(rows, { limit: input.limit, toItem: toTeam, toCursor: ({ key }) => key });
}

export async function removeTeam(
  { tx, actor }: CommandContext,
  { name }: Parsed<'team.remove'>,
): Promise<Output<'team.remove'>> {
  return { wasThere: await dropTeam(tx, actor.project, nameKey(name)) };
}

export async function addRoute(
  { tx, actor, nowMs, random }: CommandContext,
  input: Parsed<'route.add'>,
): Promise<Output<'route.add'>> {
  await lockProject(tx, actor.project);
  const page = { project: actor.project, afterId: '', limit: limits.routesMax };
  const present = await routesOf(tx, page);
  if (present.length >= limits.routesMax) {
    throw new SignalboxError('conflict', `there are ${present.length} rules already`, {
      hint: 'Each message is held against all of them: remove some first.',
    });
  }
  const row: RouteRow = {
    id: newId('rou', nowMs, random),
    project: actor.project,
    type: input.type,
    from_key: input.from === undefined ? null : nameKey(input.from),
    from_name: input.from ?? null,
    recipient: JSON.stringify(input.to),
    created_at_ms: nowMs,
  };
  await insertRoute(tx, row);
  return toRoute(row);
}

export async function listRoutes(
  { db, actor }: QueryContext,
  input: Parsed<'route.list'>,
): Promise<Output<'route.list'>> {
  const page = { project: actor.project, afterId: input.cursor ?? '', limit: input.limit };
  const rows = await routesOf(db, page);
  return pageOf(rows, { limit: input.limit, toItem: toRoute, toCursor: ({ id }) => id });
}

export async function removeRoute(
  { tx, actor }: CommandContext,
  { id }: Parsed<'route.remove'>,
): Promise<Output<'route.remove'>> {
  return { wasThere: await dropRoute(tx, actor.project, id) };
}

function toTeam({ name, mode, members }: TeamRow): Team {
  return { name, mode, members: Names.parse(JSON.parse(members)) };
}

function toRoute(row: RouteRow): Route {
  return {
    id: row.id,
    type: row.type,
    from: row.from_name,
    to: Named.parse(JSON.parse(row.recipient)),
    createdAtMs: row.created_at_ms,
  };
}
