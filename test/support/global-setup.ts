/** Starts one PostgreSQL server for the whole run, and tells the tests where it is. */
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Null when PostgreSQL cannot be had here: its tests are skipped then. */
    postgresUrl: string | null;
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const server = await startPostgres();
  if ('unavailable' in server) {
    if (process.env['CI'] === 'true') throw new Error(server.unavailable);
    const frame = '='.repeat(80);
    process.stderr.write(
      `\n${frame}\nTESTS ON POSTGRESQL ARE SKIPPED.\n${server.unavailable}\n${frame}\n\n`,
    );
    project.provide('postgresUrl', null);
    return undefined;
  }
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
