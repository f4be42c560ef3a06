/** Tokens that end while the store still reads them. */
import { expect, test } from 'vitest';
import { openTestHub } from '../../test/support/hub.ts';
import { createClient, localTransport } from '../client/index.ts';
import type { Db } from '../store/db.ts';
import { Guesses } from './guesses.ts';
import { Tokens } from './tokens.ts';

/** Answers what was there when it was asked, once it is let. */
function slowly(db: Db): { db: Db; asked: Promise<void>; answer: () => void } {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const late = async <Rows>(rows: Promise<Rows>): Promise<Rows> => {
    await rows;
    asked.resolve();
    await gate.promise;
    return rows;
  };
  const slow: Db = { get: (query) => late(db.get(query)), all: (query) => late(db.all(query)) };
  return { db: slow, asked: asked.promise, answer: gate.resolve };
}

test('a token that is revoked while it is looked up is looked up again', async () => {
  const { hub, store } = await openTestHub('sqlite memory');
  const root = createClient(localTransport(hub.connect(), hub.credentialOf('root', 'admin')));
  const { token: made, secret: token } = await root.token.create({ agent: 'ada' });
  const slow = slowly(store.read);
  const tokens = new Tokens({ read: slow.db }, 'token', new Guesses(async () => {}));
  const first = tokens.identify({ token }, 0);
  await slow.asked;
  await root.token.revoke({ id: made.id });
  tokens.forget(made.id);
  slow.answer();
  const gone = 'not known here, or it was revoked';
  await expect(first).rejects.toThrow(gone);
  await expect(tokens.identify({ token }, 0)).rejects.toThrow(gone);
});
