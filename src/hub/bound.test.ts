import { expect, test } from 'vitest';
import { operations as o } from '../contract/index.ts';
import { type Handlers, query } from './bound.ts';

test('a name is not answered by the handler of another operation', () => {
  const list = query(o['invite.list'], async () => ({ items: [], nextCursor: null }));
  const right: Handlers<'invite.list'> = { 'invite.list': list };
  // @ts-expect-error -- to swap two queries must not compile.
  const wrong: Handlers<'token.list'> = { 'token.list': list };
  expect(wrong['token.list']).toBe(right['invite.list']);
});

test('no name is left out', () => {
  // @ts-expect-error -- a name without a handler must not compile.
  const empty: Handlers<'invite.list'> = {};
  expect(empty).toEqual({});
});
