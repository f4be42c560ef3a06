/**
 * A name that nobody has used yet is in order, and may be a slip of the pen: what comes into being
 * by it is told, with the known name that is nearest.
 */
import type { Client } from '../../client/index.ts';
import { nameKey, SignalboxError } from '../../contract/index.ts';
import { allAgents } from './all.ts';
import type { Output } from '../terminal/output.ts';
import { similar } from '../words/similar.ts';

/** Which of these names no agent of the hub has, each with the nearest one that is known. */
export async function tellNewAgents(
  output: Output,
  hub: Client,
  names: readonly string[],
): Promise<void> {
  if (output.isJson || names.length === 0) return;
  const agents = await allAgents(hub).catch(unlessRefused);
  if (agents === undefined) return;
  const known = agents.map(({ name }) => name);
  const keys = new Set(known.map(nameKey));
  for (const name of names.filter((one) => !keys.has(nameKey(one)))) {
    tellNew(output, `${name} is new here`, similar(name, known));
  }
}

/** Of a channel that has just got its first message. */
export async function tellNewChannel(output: Output, hub: Client, name: string): Promise<void> {
  if (output.isJson) return;
  const page = await hub.channel.list({}).catch(unlessRefused);
  const others = (page?.items ?? []).map((channel) => channel.name);
  const known = others.filter((other) => nameKey(other) !== nameKey(name));
  const closest = similar(name, known);
  const said = `#${name} is new: this is its first message`;
  tellNew(output, said, closest === undefined ? undefined : `#${closest}`);
}

function tellNew(output: Output, said: string, closest: string | undefined): void {
  output.note(closest === undefined ? said : `${said}; near: ${closest}`, 'note');
}

/** It is beside the point of the command: what cannot be had is left out. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof SignalboxError)) throw error;
}
