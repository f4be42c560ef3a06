import { expect, test } from 'vitest';
import { shortNames } from './short-names.ts';

test('repositories are called by as much of their names as tells them apart', () => {
  const [one, other] = ['https://example.org/ann/app.git', 'git@example.org:bob/app.git'];
  const alone = shortNames([one, '/srv/shop.git/', one]);
  expect([alone(one), alone('/srv/shop.git/')]).toEqual(['app', 'shop']);
  const both = shortNames([one, other]);
  expect([both(one), both(other)]).toEqual(['ann/app', 'bob/app']);
  const same = shortNames(['/srv/app', '/srv/app.git']);
  expect([same('/srv/app'), same('/srv/app.git')]).toEqual(['/srv/app', '/srv/app.git']);
});
