/**
 * Whose tokens a code may make. One that names an agent makes tokens of that one and its slots,
 * also where it is there already: whoever made the invite said so. One that names nobody makes only
 * tokens of names that nobody has, or the joiner could speak for somebody else.
 */
import { machineNames, nameKey, SignalboxError } from '../../contract/index.ts';
import { findAgent, findTokenOfAgent } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import type { InviteRow } from './queries.ts';

/** The hub's own parts go by these without a token. */
const RESERVED = ['hub', 'verifier', 'anonymous', 'admin'];

export async function refuseNames(
  context: CommandContext,
  { agent, slots }: InviteRow,
  names: readonly string[],
): Promise<void> {
  const keys = names.map(nameKey);
  if (new Set(keys).size < keys.length)
    throw refused('two of the names are one', 'Name each once.');
  const most = machineNames(agent ?? '', slots).length;
  if (names.length > most) {
    const hint = 'Ask for fewer, or for an invite with more: `signalbox invite --slots N`.';
    throw refused(`this invite is good for ${most} names, not for ${names.length}`, hint);
  }
  for (const name of names) {
    if (agent === null) await refuseTaken(context, name);
    else refuseOthers(name, agent, slots);
  }
}

function refuseOthers(name: string, agent: string, slots: number): void {
  const allowed = machineNames(agent, slots);
  if (allowed.some((one) => nameKey(one) === nameKey(name))) return;
  throw refused(
    `this invite is for ${agent}, not for ${name}`,
    `Join as ${agent}: leave --name out.`,
  );
}

async function refuseTaken({ tx, actor }: CommandContext, name: string): Promise<void> {
  const { project } = actor;
  const key = nameKey(name);
  const isTaken =
    RESERVED.includes(key) ||
    (await findAgent(tx, project, key)) !== undefined ||
    (await findTokenOfAgent(tx, project, key)) !== undefined;
  if (!isTaken) return;
  throw refused(
    `${name} is somebody’s name already`,
    `Choose another with --name, or ask for: signalbox invite --agent ${name}`,
  );
}

/** The code is still good after it. */
function refused(message: string, hint: string): SignalboxError {
  return new SignalboxError('conflict', message, { hint });
}

/** Unknown, used, revoked or too old: which it was is nobody’s business. */
export function unknownCode(): SignalboxError {
  return new SignalboxError('unauthenticated', 'this code is not known here, or it is used up', {
    hint: 'A code works once and for minutes; `signalbox invite` on the hub’s machine makes one.',
  });
}
