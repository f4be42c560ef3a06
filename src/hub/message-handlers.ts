/** Contract ↔ domains, for messages, channels, teams and rules. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as groups from '../domain/channel/groups.ts';
import * as channels from '../domain/channel/operations.ts';
import * as acknowledge from '../domain/message/acknowledge.ts';
import * as hold from '../domain/message/delivery-operations.ts';
import * as mailbox from '../domain/message/mailbox.ts';
import * as posted from '../domain/message/posted.ts';
import { reach } from '../domain/message/reach.ts';
import * as reading from '../domain/message/reading.ts';
import { send } from '../domain/message/send.ts';
import { command, type Handlers, query } from './bound.ts';

/** Does a socket of this agent take a push right now? */
export type IsListening = (project: string, key: string) => boolean;

type Noun = 'message' | 'channel' | 'team' | 'route';
type Name = Extract<OperationName, `${Noun}.${string}` | 'agent.reach'>;

export function messageHandlers(isListening: IsListening): Handlers<Name> {
  return {
    'agent.reach': query(o['agent.reach'], (context, input) =>
      reach(context, input, (key) => isListening(context.actor.project, key)),
    ),
    'message.send': command(o['message.send'], send),
    'message.read': command(o['message.read'], mailbox.read),
    'message.receive': command(o['message.receive'], mailbox.receive),
    'message.offered': command(o['message.offered'], mailbox.offered),
    'message.seen': command(o['message.seen'], acknowledge.seen),
    'message.ack': command(o['message.ack'], acknowledge.ack),
    'message.nack': command(o['message.nack'], hold.nack),
    'message.progress': command(o['message.progress'], hold.progress),
    'message.term': command(o['message.term'], hold.term),
    'message.show': query(o['message.show'], reading.show),
    'message.list': query(o['message.list'], reading.list),
    'message.dead': query(o['message.dead'], reading.dead),
    'message.redrive': command(o['message.redrive'], hold.redrive),
    'channel.list': query(o['channel.list'], channels.list),
    'channel.join': command(o['channel.join'], channels.join),
    'channel.leave': command(o['channel.leave'], channels.leave),
    'channel.read': query(o['channel.read'], posted.read),
    'channel.seen': command(o['channel.seen'], channels.seen),
    'channel.unread': query(o['channel.unread'], posted.unread),
    'channel.members': query(o['channel.members'], channels.members),
    'channel.stats': query(o['channel.stats'], posted.stats),
    'team.set': command(o['team.set'], groups.setTeam),
    'team.list': query(o['team.list'], groups.listTeams),
    'team.remove': command(o['team.remove'], groups.removeTeam),
    'route.add': command(o['route.add'], groups.addRoute),
    'route.list': query(o['route.list'], groups.listRoutes),
    'route.remove': command(o['route.remove'], groups.removeRoute),
  };
}
