/** Each operation of invites: that it works, and how it is refused. */
import { expect } from 'vitest';
import { createClient, localTransport, type Client } from '../../src/client/index.ts';
import { limits, type OperationName } from '../../src/contract/index.ts';
import { NOBODY, type TestHub } from '../support/hub.ts';
import type { Entry } from './scene.ts';

/** Somebody who has the code and nothing else. */
export function guest({ hub }: TestHub, code: string, address = '10.0.0.7'): Client {
  return createClient(localTransport(hub.connect(), { token: code, address }));
}

type Name = Extract<OperationName, `invite.${string}`>;

export const inviteEntries: Record<Name, Entry> = {
  'invite.create': {
    works: async ({ root }) => {
      const { invite, code } = await root.invite.create({ agent: 'bob' });
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(invite.expiresAtMs - invite.createdAtMs).toBe(limits.inviteLifeMsDefault);
    },
    refusals: {
      conflict: async ({ root }) => {
        for (let count = 0; count <= limits.invitesOpenMax; count++) await root.invite.create();
      },
    },
  },
  'invite.list': {
    works: async ({ root }) => {
      const { invite, code } = await root.invite.create({ agent: 'bob', slots: 2 });
      const { items } = await root.invite.list();
      expect(items).toEqual([invite]);
      expect(JSON.stringify(items)).not.toContain(code);
    },
  },
  'invite.revoke': {
    works: async ({ hub, root }) => {
      const { invite, code } = await root.invite.create();
      expect(await root.invite.revoke({ id: invite.id })).toMatchObject({ state: 'revoked' });
      expect(await root.invite.revoke({ id: invite.id })).toMatchObject({ state: 'revoked' });
      await expect(guest(hub, code).invite.check()).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    },
    refusals: {
      not_found: ({ root }) => root.invite.revoke({ id: NOBODY.invite }),
      conflict: async ({ hub, root }) => {
        const { invite, code } = await root.invite.create({ agent: 'bob' });
        await guest(hub, code).invite.redeem();
        return root.invite.revoke({ id: invite.id });
      },
    },
  },
  'invite.check': {
    works: async ({ hub, root }) => {
      const { invite, code } = await root.invite.create({ agent: 'bob' });
      expect(await guest(hub, code).invite.check()).toEqual(invite);
    },
  },
  'invite.redeem': {
    works: async ({ hub, root }) => {
      const { code } = await root.invite.create({ agent: 'bob' });
      const { project, tokens } = await guest(hub, code).invite.redeem();
      expect(project).toBe('default');
      expect(tokens.map(({ token }) => [token.agent, token.role])).toEqual([['bob', 'agent']]);
    },
    refusals: {
      conflict: async ({ hub, root }) => {
        const { code } = await root.invite.create();
        return guest(hub, code).invite.redeem({ names: ['ada'] });
      },
    },
  },
};

/** An input of each in which every field stands. */
export const inviteInputs: Record<Name, Record<string, unknown>> = {
  'invite.create': { agent: 'bob', role: 'agent', slots: 2, expiresInMs: 60_000 },
  'invite.list': { cursor: 'x', limit: 1 },
  'invite.revoke': { id: NOBODY.invite },
  'invite.check': {},
  'invite.redeem': { names: ['bob'] },
};
