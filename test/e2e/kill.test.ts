/**
 * `kill -9` of the hub, of sidecars and of commands, 50 times at random moments under load, with
 * real processes. Whoever is killed is started again by its supervisor. When all is over, nothing
 * that was acknowledged is lost, no attempt ever had two holders, everything has landed once, and
 * every task is done.
 *
 * SIGNALBOX_KILL_SEED repeats the same kinds of kills with the same pauses; where each strikes is
 * up to the machine. SIGNALBOX_KILL_JOURNAL names a file for what all processes said, which is kept
 * where the test fails in any case.
 */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, type Client } from '../../src/client/index.ts';
import type { Event, Output } from '../../src/contract/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { seededRandom, type Random } from '../../src/core/random.ts';
import { judgeAttempts, judgeEvents, judgeFeed } from './judge.ts';
import { judgeRepository } from './judge-repository.ts';
import { openLateVoice, type LateVoice } from './late-voice.ts';
import { isEnd, openLoad, type Load, type Order } from './load.ts';
import { openStation, type Station } from './station.ts';

const KILLS = { hub: 17, sidecar: 17, command: 16 };
const PAUSE = { leastMs: 400, mostMs: 1_600 };
const POLL_MS = 5;
/** After the last kill there are a few tasks left, one of which may wait for a retry. */
const END_MS = 90_000;
const START_MS = 20_000;

const given = process.env['SIGNALBOX_KILL_SEED'];
const seed = given === undefined ? Date.now() % 1_000_000 : Number(given);
const clock = systemClock();

test(`50 kills under load lose nothing (SIGNALBOX_KILL_SEED=${seed})`, async () => {
  const journal = openJournal();
  const station = await openStation(seededRandom(seed + 1), journal.say);
  try {
    const outcome = await rideOut(station, journal);
    await station.stop();
    const { faults, ...counts } = outcome;
    journal.say(JSON.stringify(counts));
    expect([...faults, ...faultsOfProcesses(station)]).toEqual([]);
    expect(counts.done).toBe(counts.acknowledged);
    expect(counts.acknowledged).toBeGreaterThan(10);
    expect(counts.refused).toBeGreaterThan(0);
  } catch (error) {
    throw new Error(`see ${await journal.keep()}`, { cause: error });
  } finally {
    await journal.close();
    await station.stop();
    await station.remove();
  }
}, 300_000);

interface Journal {
  say: (text: string) => void;
  keep: () => Promise<string>;
  close: () => Promise<void>;
}

function openJournal(): Journal {
  const lines: string[] = [];
  const startMs = clock.nowMs();
  const wanted = process.env['SIGNALBOX_KILL_JOURNAL'];
  const keep = async (): Promise<string> => {
    const path = wanted ?? join(tmpdir(), `signalbox-kill-${seed}.log`);
    await writeFile(path, `${lines.join('\n')}\n`);
    return path;
  };
  return {
    say: (text) => lines.push(`${((clock.nowMs() - startMs) / 1_000).toFixed(3)} ${text}`),
    keep,
    async close() {
      if (wanted !== undefined) await keep();
    },
  };
}

interface Outcome {
  acknowledged: number;
  done: number;
  attempts: number;
  /** Late words that were refused. */
  refused: number;
  tookMs: number;
  faults: string[];
}

async function rideOut(station: Station, { say }: Journal): Promise<Outcome> {
  const startMs = clock.nowMs();
  await until('the hub answers', START_MS, () => isAnswering(station.url));
  const token = station.adminToken();
  const follower = connect({ url: station.url, token });
  const client = connect({ url: station.url, token, transport: 'http' });
  const voice = openLateVoice(station.url, station.tokenOf);
  try {
    station.startSidecars();
    const isReady = () => station.sidecars.every(({ isConnected }) => isConnected());
    await until('the sidecars are connected', START_MS, isReady);
    const feed = follow(follower, (event) => {
      say(`event ${JSON.stringify(event)}`);
      voice.hear(event);
    });
    const chance = seededRandom(seed);
    const { repository } = station;
    const load = openLoad({ client, chance, repository, countEnded: feed.countEnded });
    await killAll(station, chance, say);
    await load.close();
    say(`all kills done, ${load.orders.length} tasks acknowledged`);
    await until('every task has ended', END_MS, () => {
      station.check();
      return feed.countEnded() >= load.orders.length;
    });
    return {
      ...(await judge({ station, client, load, feed, voice })),
      tookMs: clock.nowMs() - startMs,
    };
  } finally {
    voice.close();
    client.close();
    follower.close();
  }
}

interface Feed {
  heard: Event[];
  countEnded: () => number;
  faults: string[];
}

function follow(client: Client, onEvent: (event: Event) => void): Feed {
  const heard: Event[] = [];
  const ended = new Set<string>();
  const faults: string[] = [];
  client.subscribe({
    after: 0,
    onEvent(event) {
      heard.push(event);
      onEvent(event);
      if (isEnd(event)) ended.add(event.subject);
    },
    onEnd(error) {
      if (error !== undefined) faults.push(`the feed ended: ${error.message}`);
    },
  });
  return { heard, countEnded: () => ended.size, faults };
}

async function killAll(
  station: Station,
  chance: Random,
  say: (text: string) => void,
): Promise<void> {
  const plan = shuffled(chance);
  for (const [index, kind] of plan.entries()) {
    station.check();
    await clock.sleep(PAUSE.leastMs + (PAUSE.mostMs - PAUSE.leastMs) * chance.fraction());
    say(`kill ${index + 1} of ${plan.length}: ${await strike(station, kind, chance)}`);
  }
}

type Kind = keyof typeof KILLS;

function shuffled(chance: Random): Kind[] {
  const kinds: Kind[] = ['hub', 'sidecar', 'command'];
  const plan = kinds.flatMap((kind) => Array.from({ length: KILLS[kind] }, () => kind));
  return plan
    .map((kind) => ({ kind, at: chance.fraction() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ kind }) => kind);
}

/** Kills one of a kind as soon as there is one; answers whom. */
async function strike(station: Station, kind: Kind, chance: Random): Promise<string> {
  if (kind === 'command') return strikeCommand(station, chance);
  const all = kind === 'hub' ? [station.hub] : station.sidecars.map(({ kept }) => kept);
  const running = () => all.filter(({ isRunning }) => isRunning);
  await until(`a ${kind} runs`, START_MS, () => running().length > 0);
  const victim = pick(running(), chance);
  victim.kill();
  return victim.name;
}

async function strikeCommand(station: Station, chance: Random): Promise<string> {
  const pids = (): number[] => {
    station.check();
    return station.sidecars.flatMap(({ commandPid }) => commandPid() ?? []);
  };
  await until('a command runs', END_MS, () => pids().length > 0);
  const pid = pick(pids(), chance);
  process.kill(pid, 'SIGKILL');
  return `command ${pid}`;
}

function pick<Item>(items: readonly Item[], chance: Random): Item {
  const item = items[Math.floor(chance.fraction() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

interface Scene {
  station: Station;
  client: Client;
  load: Load;
  feed: Feed;
  voice: LateVoice;
}

async function judge(scene: Scene): Promise<Omit<Outcome, 'tookMs'>> {
  const { station, client, load, feed, voice } = scene;
  const log = await readLog(client);
  await until('the feed has caught up', START_MS, () => feed.heard.length >= log.length);
  const shown = await Promise.all(load.orders.map(({ id }) => client.task.show({ id })));
  const landed = load.orders.map((order, index) => ({ ...order, ...taskOf(shown, index) }));
  const { missedMatches, tasks } = await client.hub.status();
  const faults = [
    ...feed.faults,
    ...voice.faults,
    ...judgeFeed(feed.heard.slice(0, log.length), log),
    ...judgeEvents(log),
    ...shown.flatMap(({ task, attempts }) => judgeAttempts(task.id, attempts)),
    ...(await judgeChanges(client)),
    ...judgeTasks(load.orders, log),
    ...(await judgeRepository(station, landed)),
  ];
  if (missedMatches !== 0) faults.push(`${missedMatches} tasks wait beside an idle agent`);
  return {
    acknowledged: load.orders.length,
    done: tasks['done'] ?? 0,
    attempts: shown.flatMap(({ attempts }) => attempts).length,
    refused: voice.countRefused(),
    faults,
  };
}

function taskOf(shown: Output<'task.show'>[], index: number): { landedCommit: string | null } {
  return { landedCommit: shown[index]?.task.landedCommit ?? null };
}

/** Each order is one task, however often it was sent, and there is no other task. */
function judgeTasks(orders: readonly Order[], log: readonly Event[]): string[] {
  const known = new Map(orders.map(({ id, title }) => [id, title]));
  const faults = known.size === orders.length ? [] : ['two orders were answered with one task'];
  const begun = log.filter(({ data, type }) => type === 'task.queued' && data.title !== undefined);
  for (const { subject, data } of begun) {
    if (known.get(subject) !== data.title) faults.push(`nobody ordered ${subject} ${data.title}`);
  }
  if (begun.length !== orders.length) faults.push(`${begun.length} tasks of ${orders.length}`);
  return faults;
}

/** A change is credited to the attempt that made it. */
async function judgeChanges(client: Client): Promise<string[]> {
  const faults: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.change.list({ cursor, limit: 200 });
    for (const { id, taskId, attempt, branch, state } of page.items) {
      const own = `signalbox/${taskId}/${attempt}`;
      if (!branch.startsWith(own)) faults.push(`${id} of attempt ${attempt} is on ${branch}`);
      if (!['landed', 'conflicted', 'rejected'].includes(state)) faults.push(`${id} is ${state}`);
    }
    if (page.nextCursor === null) return faults;
    cursor = page.nextCursor;
  }
}

async function readLog(client: Client): Promise<Event[]> {
  const log: Event[] = [];
  for (let after = 0; ;) {
    const { items, nextCursor, headCursor } = await client.event.list({ after, limit: 1_000 });
    log.push(...items);
    after = nextCursor;
    if (after >= headCursor) return log;
  }
}

function faultsOfProcesses({ hub, sidecars, processes }: Station): string[] {
  const all = [hub, ...sidecars.map(({ kept }) => kept)];
  return [...all.flatMap(({ faults }) => faults), ...processes().map((left) => `left: ${left}`)];
}

async function isAnswering(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/ready`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.ok === true;
}

async function until(
  what: string,
  mostMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = clock.nowMs() + mostMs;
  while (!(await isSo())) {
    if (clock.nowMs() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await clock.sleep(POLL_MS);
  }
}
