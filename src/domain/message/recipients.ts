/**
 * Whose mailboxes a message goes to: the agent that is named, the members of a team, and whoever a
 * rule adds. A name that nobody has used yet is refused unless the sender wants it kept.
 */
import { z } from 'zod';
import { nameKey, type Parsed, type Recipient, SignalboxError } from '../../contract/index.ts';
import { findAgent, findTokenOfAgent, listNear } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { findTeam, listRoutes, type RouteRow, type TeamRow } from '../channel/index.ts';
import { findMailbox } from './mailbox-queries.ts';
import { toRecipient } from './view.ts';

/** An agent by its name as it is shown, and as it is compared. */
export interface Addressee {
  name: string;
  key: string;
}

const Names = z.array(z.string());
const ROUTES_MAX = 1_000;

/** Sorted by key, so that mailboxes are always held in one order. */
export async function addresseesOf(
  context: CommandContext,
  input: Parsed<'message.send'>,
): Promise<Addressee[]> {
  const found = new Map<string, Addressee>();
  const isKept = input.unknown === 'keep';
  for (const one of await namedBy(context, input.to, isKept)) found.set(one.key, one);
  for (const one of await addedByRules(context, input)) found.set(one.key, one);
  return [...found.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

async function namedBy(
  context: CommandContext,
  to: Recipient,
  isKept: boolean,
): Promise<Addressee[]> {
  if ('team' in to) return membersOf(context, await requireTeam(context, to.team), to.mode);
  if (!('agent' in to)) return [];
  const { tx, actor } = context;
  const key = nameKey(to.agent);
  const agent = await findAgent(tx, actor.project, key);
  if (agent !== undefined) return [{ name: agent.name, key }];
  const team = await findTeam(tx, actor.project, key);
  if (team !== undefined) return membersOf(context, team);
  const isHeardOf = isKept || (await findTokenOfAgent(tx, actor.project, key)) !== undefined;
  if (isHeardOf) return [{ name: to.agent, key }];
  throw await unknownAgent(context, to.agent);
}

async function requireTeam(context: CommandContext, name: string): Promise<TeamRow> {
  const team = await findTeam(context.tx, context.actor.project, nameKey(name));
  if (team !== undefined) return team;
  throw new SignalboxError('not_found', `there is no team ${name}`, {
    hint: '`signalbox team list` shows the teams; `signalbox team set` declares one.',
  });
}

async function membersOf(
  context: CommandContext,
  team: TeamRow,
  mode = team.mode,
): Promise<Addressee[]> {
  const names = Names.parse(JSON.parse(team.members));
  const members = names.map((name) => ({ name, key: nameKey(name) }));
  const others = members.filter(({ key }) => key !== context.actor.key);
  if (mode === 'all') return others;
  const free = await leastBusy(context, others);
  return free === undefined ? [] : [free];
}

/** Whoever is here goes before who is not, then the one with the least to read. */
async function leastBusy(
  { tx, actor }: CommandContext,
  members: readonly Addressee[],
): Promise<Addressee | undefined> {
  const loads: { member: Addressee; isAway: boolean; waiting: number }[] = [];
  for (const member of members) {
    const agent = await findAgent(tx, actor.project, member.key);
    const box = await findMailbox(tx, { project: actor.project, key: member.key });
    const waiting = box?.open_count ?? 0;
    loads.push({ member, isAway: agent?.presence !== 'online', waiting });
  }
  const sorted = loads.toSorted(
    (a, b) => Number(a.isAway) - Number(b.isAway) || a.waiting - b.waiting,
  );
  return sorted[0]?.member;
}

async function addedByRules(
  context: CommandContext,
  input: Parsed<'message.send'>,
): Promise<Addressee[]> {
  const { tx, actor } = context;
  const page = { project: actor.project, afterId: '', limit: ROUTES_MAX };
  const added: Addressee[] = [];
  for (const route of await listRoutes(tx, page)) {
    if (!isMeant(route, input.type, actor.key)) continue;
    const to = toRecipient(route.recipient);
    // A rule may be older than its team, or outlive it: what it cannot reach it does not stop.
    const members = 'team' in to ? await findTeam(tx, actor.project, nameKey(to.team)) : undefined;
    if (members !== undefined) added.push(...(await membersOf(context, members)));
    else if ('agent' in to) added.push({ name: to.agent, key: nameKey(to.agent) });
  }
  return added.filter(({ key }) => key !== actor.key);
}

function isMeant(route: RouteRow, type: string, senderKey: string): boolean {
  if (route.from_key !== null && route.from_key !== senderKey) return false;
  if (!route.type.endsWith('*')) return route.type === type;
  return type.startsWith(route.type.slice(0, -1));
}

const NEAR_MAX = 5;

async function unknownAgent(context: CommandContext, name: string): Promise<SignalboxError> {
  const near = await listNear(context.tx, context.actor.project, {
    prefix: nameKey(name).slice(0, 2),
    limit: NEAR_MAX,
  });
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  return new SignalboxError('not_found', `nobody has heard of an agent ${name}`, {
    hint: `Send with "unknown":"keep" (\`--keep\`) to leave it for when it comes.${meant}`,
  });
}
