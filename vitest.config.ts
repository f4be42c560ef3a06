import { defineConfig } from 'vitest/config';

/** Tests that open a store on every engine; PostgreSQL is started only when one of them is run. */
const ON_ENGINES = ['src/{store,domain,hub}/**/*.test.ts', 'test/conformance/**/*.test.ts'];
const PLAIN = ['src/**/*.test.ts', 'test/*.test.ts', 'test/{e2e,doors,clients}/**/*.test.ts'];

export default defineConfig({
  test: {
    // The tests wait for processes more than they compute: on two cores a third worker takes a
    // fifth off. Processes are quicker here than threads, and not isolating files gains a tenth
    // only.
    maxWorkers: 3,
    setupFiles: 'test/nothing-left.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, but a busy machine has seconds in which nothing does.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'plain', include: PLAIN, exclude: ['src/{store,domain,hub}/**'] },
      },
      {
        extends: true,
        test: {
          name: 'engines',
          include: ON_ENGINES,
          globalSetup: 'test/support/global-setup.ts',
        },
      },
    ],
  },
});
