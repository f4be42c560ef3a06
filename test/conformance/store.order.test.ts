/** A database whose text sorts by a language would hide rows from every page: it is refused. */
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { openStore } from '../../src/store/open.ts';
import { asAdmin, onPostgres, testPlace } from '../support/engines.ts';

onPostgres(() => {
  test('a database that sorts by a language is refused before anything is written', async ({
    skip,
  }) => {
    const { url = '' } = await testPlace('postgres');
    const name = `sorted_${Buffer.from(systemRandom().bytes(6)).toString('hex')}`;
    const order = `locale_provider icu icu_locale 'en-US' locale 'C'`;
    const make = asAdmin(`create database ${name} template template0 encoding 'UTF8' ${order}`);
    const cannot = await make.then(
      () => undefined,
      (error: unknown) => String(error),
    );
    // A PostgreSQL may be built without the library that knows languages.
    skip(cannot?.includes('ICU') === true, 'this PostgreSQL has no ICU');
    expect(cannot).toBeUndefined();
    onTestFinished(() => asAdmin(`drop database if exists ${name} with (force)`));
    const sorted = new URL(url);
    sorted.pathname = `/${name}`;
    const opened = openStore({ url: sorted.href, clock: systemClock(), random: systemRandom() });
    await expect(opened).rejects.toThrow('sorts text by a language');
  });
});
