/** Who there is when an operation is tried, and what an entry of the tables is. */
import type { Client } from '../../src/client/index.ts';
import type { ErrorCode } from '../../src/contract/index.ts';
import type { TestEngine } from '../support/engines.ts';
import { openTestHub, type TestHub, type Worker, worker } from '../support/hub.ts';

export interface Scene {
  hub: TestHub;
  ada: Worker;
  root: Client;
  person: Client;
  verifier: Client;
}

export async function scene(engine: TestEngine): Promise<Scene> {
  // No name leads out of here.
  const resolve = async () => [{ address: '10.0.0.1', family: 4 }];
  const hub = await openTestHub(engine, { resolve });
  const root = await hub.as('root', 'admin');
  const person = await hub.as('pat', 'operator');
  const verifier = await hub.as('vera', 'verifier');
  return { hub, root, person, verifier, ada: await worker(hub, 'ada') };
}

type Step = (at: Scene) => Promise<unknown>;
export interface Entry {
  works: Step;
  refusals?: Partial<Record<ErrorCode, Step>>;
}
