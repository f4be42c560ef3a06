/** Before you send: how and when a message would reach an agent. */
import { limits, nameKey, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { findAgent, findTokenOfAgent } from '../agent/index.ts';
import type { QueryContext } from '../event/index.ts';
import { countPending } from './delivery-queries.ts';

type Reached = Output<'agent.reach'>;

/** `isListening`: does a socket of this agent take a push from this hub right now? */
export async function reach(
  context: QueryContext,
  input: Parsed<'agent.reach'>,
  isListening: (key: string) => boolean,
): Promise<Reached> {
  const { db, actor, nowMs } = context;
  const { project } = actor;
  const key = nameKey(input.agent);
  const row = await findAgent(db, project, key);
  if (row === undefined && (await findTokenOfAgent(db, project, key)) === undefined) {
    throw new SignalboxError('not_found', `nobody has heard of an agent ${input.agent}`, {
      hint: '`signalbox agents` shows who there is.',
    });
  }
  const box = { project, key, nowMs, countMax: limits.pendingCountedMax };
  const pending = await countPending(db, box);
  const lastSeenMs = row?.last_seen_ms ?? null;
  const about = { agent: row?.name ?? input.agent, lastSeenMs, pending };
  if (isListening(key)) return { ...about, ...LIVE };
  if (row?.presence === 'online' && row.is_pushed === 1) return { ...about, ...WAKES };
  return { ...about, ...explained(lastSeenMs, nowMs) };
}

type Explained = Pick<Reached, 'reach' | 'explanation'>;

const LIVE: Explained = { reach: 'live', explanation: 'A program of it takes a push right now.' };
const WAKES: Explained = {
  reach: 'wakes',
  explanation: 'Its session is connected, and is told of what comes.',
};

function explained(lastSeenMs: number | null, nowMs: number): Explained {
  if (lastSeenMs === null) {
    return { reach: 'unreachable', explanation: 'It has a token, and has never been here.' };
  }
  const minutes = Math.round((nowMs - lastSeenMs) / 60_000);
  const ago = minutes === 0 ? 'just now' : `${minutes} min ago`;
  if (nowMs - lastSeenMs <= limits.reachableMs) {
    const explanation = `It was here ${ago}, and reads when it next asks.`;
    return { reach: 'next_turn', explanation };
  }
  return { reach: 'unreachable', explanation: `Nobody has heard of it for ${minutes} min.` };
}
