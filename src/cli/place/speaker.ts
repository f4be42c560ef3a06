/**
 * Who speaks: `--as`, else AGENT_ID, else the agent whose session this is, else whomever the token
 * is of. On the machine of a hub of the same user a token is made for that name; anywhere else the
 * token must be of that name already.
 */
import { AgentName, SignalboxError } from '../../contract/index.ts';
import { agentName } from '../../hooks/entry/agent.ts';
import { sessionKey } from '../../hooks/entry/session.ts';
import type { Context, Speaker } from '../context.ts';
import { tokenFor } from './identity.ts';

export async function speaker(context: Context): Promise<Speaker> {
  const { options, env } = context;
  const chosen = options.text('as') ?? options.text('agentId');
  const given = chosen ?? agentName({ env, session: sessionKey(env, process.ppid) });
  if (given === undefined || given === '') return {};
  // Who sets AGENT_ID does that once; what is typed each time may be typed wrong.
  return speakerNamed(context, given, { isTyped: chosen !== undefined });
}

export async function speakerNamed(
  context: Context,
  given: string,
  { isTyped = false }: { isTyped?: boolean } = {},
): Promise<Speaker> {
  const name = AgentName.safeParse(given);
  if (!name.success) {
    throw new SignalboxError('invalid_input', `\`${given}\` is no name of an agent.`, {
      hint: 'A name has letters, digits, dot, dash and underscore, and at most 64 of them.',
    });
  }
  const token = await tokenFor(context, {
    name: name.data,
    role: 'agent',
    isNamed: true,
    isTyped,
  });
  return token === undefined ? { agent: name.data } : { token };
}
