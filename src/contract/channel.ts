/**
 * Channels, teams and rules: where a message goes that is not for one agent alone.
 *
 * A channel keeps what was posted, once for all; a member's cursor says how far it has read. A team
 * is one name for several agents. A rule copies messages by their type to a further recipient: so
 * an agent may be given the escalations of others.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { ChannelName, Message, MessageType, Named, TeamMode } from './message.ts';
import { command, query } from './operation.ts';
import { AgentName, page, pageInput, RouteId, TimeMs } from './shape.ts';

export const Channel = z.strictObject({
  name: z.string(),
  messages: z.int().min(0),
  members: z.int().min(0),
  createdAtMs: TimeMs,
  lastPostedAtMs: TimeMs.nullable(),
  /** The newest message's place. */
  headCursor: z.int().min(0),
});
export type Channel = z.infer<typeof Channel>;

export const Member = z.strictObject({
  agent: AgentName,
  /** Read up to here; what comes after is unread. */
  cursor: z.int().min(0),
  unread: z.int().min(0),
  isOnline: z.boolean(),
  joinedAtMs: TimeMs,
});
export type Member = z.infer<typeof Member>;

export const Posted = z.strictObject({ cursor: z.int().min(1), message: Message });
export type Posted = z.infer<typeof Posted>;

export const Team = z.strictObject({
  name: AgentName,
  mode: TeamMode,
  members: z.array(AgentName),
});
export type Team = z.infer<typeof Team>;

export const Route = z.strictObject({
  id: RouteId,
  /** The type of message, or a prefix that ends in `*`. */
  type: z.string(),
  from: AgentName.nullable(),
  to: Named,
  createdAtMs: TimeMs,
});
export type Route = z.infer<typeof Route>;

const named = { name: ChannelName };

export const channelOperations = {
  'channel.list': query('channel.list', {
    scope: 'read',
    summary: 'The channels of the project, by name. A channel is made by its first message.',
    input: z.strictObject(pageInput),
    output: page(Channel),
  }),
  'channel.join': command('channel.join', {
    scope: 'submit',
    summary: 'Makes you a member, who has read what is there already unless `after` says less.',
    input: z.strictObject({ ...named, after: z.int().min(0).optional() }),
    output: Member,
  }),
  'channel.leave': command('channel.leave', {
    scope: 'submit',
    summary: 'Ends your membership; its cursor is forgotten.',
    input: z.strictObject(named),
    output: z.strictObject({ wasMember: z.boolean() }),
  }),
  'channel.read': query('channel.read', {
    scope: 'read',
    summary:
      'What was posted after a cursor or since a time, oldest first; with neither, the newest ' +
      '`limit` ones. The channel of what went to everyone is `everyone`.',
    input: z.strictObject({
      ...named,
      after: z.int().min(0).optional(),
      sinceMs: TimeMs.optional(),
      limit: pageInput.limit,
    }),
    output: z.strictObject({
      items: z.array(Posted),
      nextCursor: z.int().min(0),
      headCursor: z.int().min(0),
    }),
  }),
  'channel.seen': command('channel.seen', {
    scope: 'submit',
    summary: 'Moves your cursor: you have read the channel up to there. It never goes back.',
    input: z.strictObject({ ...named, upTo: z.int().min(1) }),
    output: Member,
    errors: ['conflict'],
  }),
  'channel.unread': query('channel.unread', {
    scope: 'read',
    summary:
      'What others have posted to your channels since you last read there, by channel, oldest ' +
      'first. Everyone belongs to `everyone`. `channel.seen` says how far you have come.',
    input: z.strictObject({ limit: pageInput.limit }),
    output: z.strictObject({
      items: z.array(z.strictObject({ channel: z.string(), ...Posted.shape })),
      isMore: z.boolean(),
    }),
  }),
  'channel.members': query('channel.members', {
    scope: 'read',
    summary: 'Who belongs to a channel, how far each has read, and who is here now.',
    input: z.strictObject({ ...named, ...pageInput }),
    output: page(Member),
    errors: ['not_found'],
  }),
  'channel.stats': query('channel.stats', {
    scope: 'read',
    summary:
      'Who posted how much and when, the busiest first: in one channel or in all, of the newest ' +
      '10,000 posts of each.',
    input: z.strictObject({ name: ChannelName.optional(), sinceMs: TimeMs.optional() }),
    output: z.strictObject({
      items: z
        .array(
          z.strictObject({
            channel: z.string(),
            agent: AgentName,
            messages: z.int().min(0),
            lastAtMs: TimeMs,
          }),
        )
        .max(limits.pageMax),
    }),
  }),
  'team.set': command('team.set', {
    scope: 'operate',
    summary: 'Declares a team: one name for several agents, in place of what it was before.',
    input: z.strictObject({
      name: AgentName,
      members: z.array(AgentName).min(1).max(limits.teamMembersMax),
      mode: TeamMode.default('all'),
    }),
    output: Team,
    errors: ['conflict'],
  }),
  'team.list': query('team.list', {
    scope: 'read',
    summary: 'The teams of the project.',
    input: z.strictObject(pageInput),
    output: page(Team),
  }),
  'team.remove': command('team.remove', {
    scope: 'operate',
    summary: 'Ends a team; its members and their mail stay.',
    input: z.strictObject({ name: AgentName }),
    output: z.strictObject({ wasThere: z.boolean() }),
  }),
  'route.add': command('route.add', {
    scope: 'operate',
    summary: 'A rule: messages of a type, perhaps of one sender, go to a further recipient too.',
    input: z.strictObject({
      type: z.union([
        MessageType,
        z
          .string()
          .max(limits.nameCharsMax)
          .regex(/^[A-Za-z0-9._:/-]*\*$/),
      ]),
      from: AgentName.optional(),
      to: Named,
    }),
    output: Route,
    errors: ['conflict'],
  }),
  'route.list': query('route.list', {
    scope: 'read',
    summary: 'The rules of the project.',
    input: z.strictObject(pageInput),
    output: page(Route),
  }),
  'route.remove': command('route.remove', {
    scope: 'operate',
    summary: 'Ends a rule; what it has copied stays.',
    input: z.strictObject({ id: RouteId }),
    output: z.strictObject({ wasThere: z.boolean() }),
  }),
};
