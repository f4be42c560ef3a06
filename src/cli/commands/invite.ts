/**
 * Invites: the line that joins another machine is printed alone on stdout, so that it can be copied
 * or sent as it is.
 */
import { networkInterfaces } from 'node:os';
import { type Invite, InvitedRole, limits } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { isLoopback } from '../join/reach.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { timeInWords } from '../words/time.ts';

const ANSWER_MS = 1_000;

export async function createInvite(context: Context): Promise<void> {
  const { options, output } = context;
  const input = {
    agent: options.text('agent'),
    role: options.choice('role', InvitedRole.options),
    slots: options.integer('slots', { min: 1, max: limits.inviteSlotsMax }),
    expiresInMs: options.durationMs('expires'),
  };
  const { url } = await context.place();
  const hub = await context.hub();
  const addresses = await addressesOf(url);
  const { invite, code } = await hub.invite.create(input);
  const [address = url, ...others] = addresses;
  const line = `signalbox join ${address} --code ${code}`;
  output.give({ invite, code, url: address, line }, () => [line]);
  if (output.isJson) return;
  const whose = invite.agent === null ? 'for a name that is free' : `for ${invite.agent}`;
  const end = timeInWords(invite.expiresAtMs, invite.createdAtMs);
  output.note(`${invite.id}, ${invite.role} ${whose}. It works once and ends ${end}.`, 'note');
  if (others.length > 0) output.note(`The hub answers at ${others.join(' and ')} too.`, 'note');
  if (!isLoopback(new URL(address))) return;
  output.note('This hub answers on this machine only: no other one reaches it so.', 'warning');
  output.note('Start it with --host ADDRESS, or give the address that leads to it: --url', 'hint');
}

/** A hub that was found on this machine, as other machines reach it; the first is the best. */
async function addressesOf(address: string): Promise<string[]> {
  const url = new URL(address);
  if (!isLoopback(url)) return [address];
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address: host }) => `${url.protocol}//${host}:${url.port || '80'}`);
  const answers = await Promise.all(outside.map(async (one) => ((await isLive(one)) ? [one] : [])));
  return answers.flat();
}

function isLive(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return fetch(`${url}/live`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}

export async function listInvites(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const page = await hub.invite.list(pageOf(options));
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: Invite) => id },
    { title: 'FOR', text: ({ agent, slots }: Invite) => `${agent ?? 'any'}${times(slots)}` },
    { title: 'ROLE', text: ({ role }: Invite) => role },
    { title: 'BY', text: ({ creator }: Invite) => creator },
    { title: 'STATE', text: (invite: Invite) => stateWords(invite, nowMs) },
  ];
  output.give(page, () => [
    ...table(output, columns, page.items),
    ...nextPage(page, 'invite list'),
  ]);
}

function times(slots: number): string {
  return slots === 1 ? '' : ` × ${slots}`;
}

function stateWords({ state, expiresAtMs, endedAtMs, names }: Invite, nowMs: number): string {
  switch (state) {
    case 'open':
      return `open, ends ${timeInWords(expiresAtMs, nowMs)}`;
    case 'expired':
      return `expired ${timeInWords(expiresAtMs, nowMs)}`;
    case 'revoked':
      return `revoked ${timeInWords(endedAtMs ?? nowMs, nowMs)}`;
    case 'redeemed':
      return `used ${timeInWords(endedAtMs ?? nowMs, nowMs)}: ${names.join(', ')}`;
  }
}

export async function revokeInvite(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const invite = await hub.invite.revoke({ id: theOne(context) });
  output.give(invite, () => [`${invite.id} is revoked: its code works no more`]);
}
