/** Is there a hub, does it know us, and do our clocks agree? */
import type { Client } from '../../client/index.ts';
import { SignalboxError } from '../../contract/index.ts';
import { lengthInWords } from '../../contract/length.ts';
import type { HubPlace } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { fail, ok, warn, type Finding } from './finding.ts';

const SKEW_MS = 5_000;

export async function examineHub(context: Context): Promise<Finding[]> {
  try {
    const place = await context.place();
    const hub = await context.hub();
    const who = await examineToken(hub, place);
    return who.state === 'ok' ? [who, ...(await examineStatus(context, hub))] : [who];
  } catch (error) {
    const { code, message, hint } = errorOf(error);
    // A machine on which no hub was started yet is not ill.
    return [code === 'unavailable' ? warn('hub', message, hint) : fail('hub', message, hint)];
  }
}

async function examineToken(hub: Client, place: HubPlace): Promise<Finding> {
  try {
    const { name, role } = await hub.hub.whoami();
    return ok('hub', `${place.url} (${sourceOf(place)}) knows us as ${name}, ${role}`);
  } catch (error) {
    const { code, message, hint } = errorOf(error);
    if (code !== 'unauthenticated') return fail('hub', message, hint);
    return fail('token', `${place.url} is there and does not take our token: ${message}`, hint);
  }
}

function sourceOf({ source, pid }: HubPlace): string {
  return pid === undefined ? source : `${source}, process ${pid}`;
}

async function examineStatus({ clock }: Context, hub: Client): Promise<Finding[]> {
  const beforeMs = clock.nowMs();
  try {
    const { nowMs, missedMatches } = await hub.hub.status();
    const skewMs = Math.abs(nowMs - (beforeMs + clock.nowMs()) / 2);
    return [judgeSkew(skewMs), ...judgeMatches(missedMatches)];
  } catch (error) {
    const { message, hint } = errorOf(error);
    return [fail('hub status', message, hint)];
  }
}

export function judgeSkew(skewMs: number): Finding {
  const message = `the clocks of hub and machine differ by ${lengthInWords(skewMs)}`;
  if (skewMs < SKEW_MS) return ok('hub clock', message);
  return warn('hub clock', message, 'Let NTP set both clocks; times shown here are off by that.');
}

function judgeMatches(missed: number): Finding[] {
  if (missed === 0) return [];
  const message = `${missed} tasks wait although an idle agent could take them`;
  return [
    fail('scheduler', message, 'This is a defect of the hub; `signalbox why ID` shows more.'),
  ];
}

function errorOf(error: unknown): SignalboxError {
  if (error instanceof SignalboxError) return error;
  throw error;
}
