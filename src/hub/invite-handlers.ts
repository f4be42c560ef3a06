/** Contract ↔ domains, for invites. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as invites from '../domain/invite/operations.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<OperationName, `invite.${string}`>;

export const inviteHandlers: Handlers<Name> = {
  'invite.create': command(o['invite.create'], invites.create),
  'invite.list': query(o['invite.list'], invites.list),
  'invite.revoke': command(o['invite.revoke'], invites.revoke),
  'invite.check': query(o['invite.check'], invites.check),
  'invite.redeem': command(o['invite.redeem'], invites.redeem),
};
