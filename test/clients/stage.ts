/** What a test of a real client needs: a model that follows a script, and a user's desk. */
import { describe, onTestFinished } from 'vitest';
import { type Found, findClient, type ProgramName } from './install.ts';
import { type Model, startModel } from './model.ts';
import { type Desk, makeDesk, type Run, runClient } from './run-client.ts';
import type { ClientName, Script } from './turn.ts';

/** Enough for a few runs on a busy machine. */
const PATIENCE_MS = 180_000;

export interface Stage {
  model: Model;
  desk: Desk;
  /** Runs the client once with a prompt, to its end. */
  run: (prompt: string, env?: Record<string, string>) => Promise<Run>;
}

/** Tests of one client, skipped where it is missing; the title then says why. */
export function describeClient(client: ProgramName, tests: () => void): void {
  const found = findClient(client);
  const why = 'missing' in found ? ` (${found.missing})` : '';
  describe.skipIf('missing' in found)(`${client}${why}`, { timeout: PATIENCE_MS }, tests);
}

/** Its folder and its server are gone once the test has ended. */
export async function setStage(client: ClientName, script: Script): Promise<Stage> {
  const model = await startModel(script);
  onTestFinished(model.close);
  const desk = await makeDesk(client, model.url);
  onTestFinished(desk.remove);
  const entry = entryOf(findClient(client));
  return {
    model,
    desk,
    run: (prompt, env = {}) => runClient({ client, entry, modelUrl: model.url, desk, prompt, env }),
  };
}

function entryOf(found: Found): string {
  if ('missing' in found) throw new Error(found.missing);
  return found.entry;
}
