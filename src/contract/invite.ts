/**
 * Invites: a code that a person types on another machine, good once and for minutes, which makes
 * the tokens of the agents there.
 *
 * The code stands where a token stands (`Authorization: Bearer 7KQ2-…`) and may do nothing but what
 * is here with the scope `join`. It has 100 random bits in Crockford's base 32 and is kept only as
 * a hash. A code that is unknown, used, revoked or too old is refused in the same words.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { command, query, type Scope } from './operation.ts';
import { Role, TokenSecret } from './agent.ts';
import { AgentName, InviteId, page, pageInput, TimeMs } from './shape.ts';

/** What the bearer of a code may do. */
export const guestScopes: readonly Scope[] = ['join'];

/** Crockford's base 32: no letter looks like a digit, so a code survives being read aloud. */
export const INVITE_ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
export const INVITE_CODE_CHARS = 20;

/**
 * The code as it is compared, from what a person typed: case, dashes and spaces say nothing, and
 * the letters that are easily mistaken are read as the digits that they look like. Undefined where
 * it cannot be a code.
 */
export function inviteCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '');
  const code = letters.replaceAll('O', '0').replace(/[IL]/g, '1');
  const isKnown = (letter: string): boolean => INVITE_ALPHABET.includes(letter);
  const isCode = code.length === INVITE_CODE_CHARS && Array.from(code).every(isKnown);
  return isCode ? code : undefined;
}

/** The agents of a machine: one by the name, or the name and its slots `ada-1`, `ada-2`, …. */
export function machineNames(name: string, slots: number): string[] {
  if (slots === 1) return [name];
  return [name, ...Array.from({ length: slots }, (_, index) => `${name}-${index + 1}`)];
}

/** Nobody becomes admin by a code that is typed. */
export const InvitedRole = Role.exclude(['admin']);
export type InvitedRole = z.infer<typeof InvitedRole>;

export const InviteState = z.enum(['open', 'redeemed', 'revoked', 'expired']);
export type InviteState = z.infer<typeof InviteState>;

export const Invite = z.strictObject({
  id: InviteId,
  /** Whose tokens it makes; null: the machine chooses a name that is free. */
  agent: AgentName.nullable(),
  role: InvitedRole,
  slots: z.int().min(1).max(limits.inviteSlotsMax),
  state: InviteState,
  creator: z.string(),
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs,
  endedAtMs: TimeMs.nullable(),
  /** The agents whose tokens it has made. */
  names: z.array(AgentName),
});
export type Invite = z.infer<typeof Invite>;

export const inviteOperations = {
  'invite.create': command('invite.create', {
    scope: 'admin',
    summary:
      'Makes a code by which a machine joins, good once and for minutes. It is shown once and ' +
      'kept only as a hash.',
    input: z.strictObject({
      agent: AgentName.optional(),
      role: InvitedRole.default('agent'),
      slots: z.int().min(1).max(limits.inviteSlotsMax).default(1),
      expiresInMs: z
        .int()
        .min(1_000)
        .max(limits.inviteLifeMsMax)
        .default(limits.inviteLifeMsDefault),
    }),
    output: z.strictObject({ invite: Invite, code: z.string() }),
    errors: ['conflict'],
    isSecret: true,
  }),
  'invite.list': query('invite.list', {
    scope: 'admin',
    summary: 'The invites of the project, without their codes.',
    input: z.strictObject(pageInput),
    output: page(Invite),
  }),
  'invite.revoke': command('invite.revoke', {
    scope: 'admin',
    summary:
      'Ends an invite before it is used. The tokens of a used one are revoked by themselves.',
    input: z.strictObject({ id: InviteId }),
    output: Invite,
    errors: ['not_found', 'conflict'],
  }),
  'invite.check': query('invite.check', {
    scope: 'join',
    summary: 'What the code that stands for a token is good for. It is not used up by that.',
    input: z.strictObject({}),
    output: Invite,
  }),
  'invite.redeem': command('invite.redeem', {
    scope: 'join',
    summary:
      'Uses the code up that stands for a token, and makes the tokens of a machine: of the names ' +
      'given, else of those that the invite is for.',
    input: z.strictObject({
      names: z
        .array(AgentName)
        .min(1)
        .max(limits.inviteSlotsMax + 1)
        .optional(),
    }),
    output: z.strictObject({
      project: z.string(),
      tokens: z.array(TokenSecret),
    }),
    errors: ['conflict'],
    isSecret: true,
  }),
};
