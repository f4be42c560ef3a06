/**
 * Judges from outside: the event log tells every move of every task, and this replays it with a few
 * rules of its own, which share nothing with the hub's. Each fault is a sentence.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Attempt, Event } from '../../src/contract/index.ts';

interface Hand {
  agent: string;
  fence: number;
}

interface Track {
  state: string;
  /** Who holds the task. */
  holder: Hand | null;
  /** Who held it and is presumed gone: until the next hand-out it may come back. */
  presumed: Hand | null;
  fence: number;
}

/** Ended by the hub's own judgement; every other end of a hand-out is the holder's word. */
const BY_HUB = ['lost', 'lapsed'];

/** One holder at a time, growing fences, and nobody speaks for a task but who holds it. */
export function judgeEvents(events: readonly Event[]): string[] {
  const tracks = new Map<string, Track>();
  const owners = new Map<number, string>();
  const faults: string[] = [];
  for (const event of events) {
    if (!event.type.startsWith('task.') || event.type === 'task.orphaned') continue;
    const track = tracks.get(event.subject) ?? newTrack();
    tracks.set(event.subject, track);
    const said = replay(track, event, owners);
    if (said !== null) faults.push(`event ${event.seq}, ${event.subject} ${event.type}: ${said}`);
  }
  for (const [id, { state }] of tracks) {
    if (state !== 'task.done') faults.push(`${id} ended as ${state}`);
  }
  return faults;
}

function newTrack(): Track {
  return { state: 'new', holder: null, presumed: null, fence: 0 };
}

function replay(track: Track, event: Event, owners: Map<number, string>): string | null {
  const before = track.state;
  track.state = event.type;
  switch (event.type) {
    case 'task.queued':
      return giveBack(track, event);
    case 'task.offered':
      return handOut(track, event, owners);
    case 'task.accepted':
    case 'task.running':
      return takeUp(track, event);
    case 'task.verifying':
      return handIn(track, event);
    case 'task.done':
      return before === 'task.verifying' ? null : `it was ${before} before`;
    default:
      return 'no task is meant to come here';
  }
}

function giveBack(track: Track, { actor, data }: Event): string | null {
  const { holder } = track;
  track.holder = null;
  track.presumed = null;
  if (holder === null || data.outcome === undefined) return null;
  if (BY_HUB.includes(data.outcome)) {
    track.presumed = holder;
    return null;
  }
  if (actor === holder.agent) return null;
  return `${actor} gave back what ${holder.agent} holds with fence ${holder.fence}`;
}

function handOut(track: Track, { data }: Event, owners: Map<number, string>): string | null {
  const { holder, fence: before } = track;
  const { agent = 'nobody', fence = 0 } = data;
  track.fence = fence;
  track.holder = { agent, fence };
  track.presumed = null;
  if (holder !== null) return `${holder.agent} holds it with fence ${holder.fence}`;
  if (fence <= before) return `fence ${fence} does not grow from ${before}`;
  const owner = owners.get(fence);
  owners.set(fence, agent);
  return owner === undefined ? null : `fence ${fence} was given to ${owner} already`;
}

function takeUp(track: Track, event: Event): string | null {
  const hand = track.holder ?? track.presumed;
  track.holder = hand;
  track.presumed = null;
  return speaksFor(hand, event) ?? (event.data.fence === hand?.fence ? null : 'another fence');
}

function handIn(track: Track, event: Event): string | null {
  const hand = track.holder ?? track.presumed;
  track.holder = null;
  track.presumed = null;
  return speaksFor(hand, event);
}

function speaksFor(hand: Hand | null, { actor }: Event): string | null {
  if (hand === null) return `${actor} speaks for it, and nobody holds it`;
  return actor === hand.agent ? null : `${actor} speaks for it, and ${hand.agent} holds it`;
}

/** The attempts of one task follow each other, and the last is the one that landed. */
export function judgeAttempts(id: string, attempts: readonly Attempt[]): string[] {
  const faults: string[] = [];
  let last: Attempt | undefined;
  for (const attempt of attempts) {
    const name = `${id} attempt ${attempt.number}`;
    if (attempt.endedAtMs === null || attempt.outcome === null) faults.push(`${name} has no end`);
    if (attempt.number !== (last?.number ?? 0) + 1) faults.push(`${name} does not follow`);
    if (attempt.fence <= (last?.fence ?? 0)) faults.push(`${name} has no newer fence`);
    if (attempt.offeredAtMs < (last?.endedAtMs ?? 0)) {
      faults.push(`${name} was offered to ${attempt.agent} while ${last?.agent} held it`);
    }
    last = attempt;
  }
  if (last?.outcome !== 'done') faults.push(`${id}: its last attempt is ${last?.outcome}`);
  return faults;
}

/** What a subscriber heard through all restarts is the log itself: no gap, no repeat, no other. */
export function judgeFeed(heard: readonly Event[], log: readonly Event[]): string[] {
  const faults: string[] = [];
  for (const [index, { seq }] of log.entries()) {
    if (seq !== index + 1) faults.push(`event ${seq} stands at place ${index + 1} of the log`);
  }
  const length = Math.max(heard.length, log.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [heard[index], log[index]];
    if (isDeepStrictEqual(one, other)) continue;
    faults.push(`heard ${JSON.stringify(one)} where the log has ${JSON.stringify(other)}`);
    break;
  }
  return faults;
}
