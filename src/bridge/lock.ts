/**
 * One bridge to a folder, also when the folder is shared between machines: two of them could write
 * a message again that its reader has just moved away.
 *
 * Locks are numbered and only the highest counts. A number is taken by making a folder, which every
 * file system lets one process do. The holder rewrites a file with every beat. Whoever wants the
 * lock watches: when nothing has changed for a while by its own clock, the holder is gone. No clock
 * of another machine is asked. A holder that was stopped for so long finds a higher number before
 * it does anything more.
 */
import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { SignalboxError } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { newId } from '../core/ids.ts';
import type { Random } from '../core/random.ts';
import { isErrno } from './errno.ts';
import { Folder } from './folder.ts';

export interface LockOptions {
  folder: string;
  clock: Clock;
  random: Random;
  /** Ends waiting and beating. */
  stop: AbortSignal;
  beatMs: number;
  /** Without a beat for so long a holder is gone. */
  staleMs: number;
  onWait: (holder: string) => void;
  /** It cannot say that it is there; told once, until it can again. */
  onSilence: (error: unknown) => void;
}

export interface Lock {
  /** Throws where another bridge has taken it; waits where the folder could not be reached. */
  isHeld: () => boolean;
  release: () => Promise<void>;
}

const OF_LOCK = /^(?:lock|holder)\.(\d+)$/;

export async function takeLock(options: LockOptions): Promise<Lock> {
  const { folder, clock, random, stop } = options;
  const id = newId('bri', clock.nowMs(), random);
  await (await Folder.make(folder)).close();
  const number = await turn(options, id);
  const ending = new AbortController();
  const held = { heldMs: clock.nowMs(), isLost: false };
  const signal = AbortSignal.any([stop, ending.signal]);
  const beating = beat(options, { id, number, held, signal });
  return {
    isHeld() {
      if (held.isLost) throw taken(folder);
      return clock.nowMs() - held.heldMs < options.staleMs / 2;
    },
    async release() {
      ending.abort();
      await beating;
      if (!held.isLost) await say(folder, number, RELEASED).catch(() => {});
    },
  };
}

const RELEASED = 'released';

/** Waits until nobody beats, and takes the next number. */
async function turn(options: LockOptions, id: string): Promise<number> {
  const { folder, clock, stop } = options;
  let seen = { number: -1, holder: '', sinceMs: 0 };
  for (;;) {
    stop.throwIfAborted();
    const { number, holder } = await present(folder);
    const isFree = number === 0 || holder === RELEASED;
    // While it is being written it may look empty.
    const isStill = seen.number === number && (holder === seen.holder || holder === '');
    if (isFree || (isStill && clock.nowMs() - seen.sinceMs >= options.staleMs)) {
      if (await take(folder, { number: number + 1, words: words(id, 0) })) return number + 1;
      continue;
    }
    if (!isStill && seen.number === number) throw inUse(folder, holder);
    if (!isStill) {
      seen = { number, holder, sinceMs: clock.nowMs() };
      options.onWait(holder);
    }
    await clock.sleep(options.beatMs / 2, stop);
  }
}

interface Holding {
  id: string;
  number: number;
  held: { heldMs: number; isLost: boolean };
  signal: AbortSignal;
}

async function beat(options: LockOptions, holding: Holding): Promise<void> {
  const { folder, clock, beatMs, onSilence } = options;
  const { id, number, held, signal } = holding;
  let isSilent = false;
  for (let count = 1; ; count++) {
    await clock.sleep(beatMs, signal);
    if (signal.aborted || held.isLost) return;
    try {
      const beganMs = clock.nowMs();
      const { number: newest } = await present(folder);
      if (newest > number) held.isLost = true;
      else if (newest < number) throw new Error('the lock is gone; is the folder still mounted?');
      else await say(folder, number, words(id, count));
      held.heldMs = beganMs;
      isSilent = false;
    } catch (error) {
      // A file server that is away comes back: until it beats again, nothing is done.
      if (!isSilent) onSilence(error);
      isSilent = true;
    }
  }
}

interface Present {
  /** The highest number that was taken; 0 where none was. */
  number: number;
  holder: string;
}

async function present(folder: string): Promise<Present> {
  return within(folder, async (locks) => {
    const number = Math.max(0, ...(await locks.names()).map(numberOf));
    const look = await locks.look(holderFile(number));
    const text = look && look.bytes < 1_000n && (await locks.read(holderFile(number), look));
    return { number, holder: text?.toString() ?? '' };
  });
}

async function take(folder: string, mine: { number: number; words: string }): Promise<boolean> {
  return within(folder, async (locks) => {
    try {
      await mkdir(locks.path(`lock.${mine.number}`));
    } catch (error) {
      if (isErrno(error, 'EEXIST')) return false;
      throw error;
    }
    await locks.replace(holderFile(mine.number), mine.words);
    for (const name of await locks.names()) {
      const isOlder = OF_LOCK.test(name) && numberOf(name) < mine.number;
      if (isOlder) await rm(locks.path(name), { recursive: true, force: true });
    }
    return true;
  });
}

async function say(folder: string, number: number, text: string): Promise<void> {
  await within(folder, (locks) => locks.replace(holderFile(number), text));
}

async function within<Value>(
  folder: string,
  work: (locks: Folder) => Promise<Value>,
): Promise<Value> {
  const locks = await Folder.open(folder);
  try {
    return await work(locks);
  } finally {
    await locks.close();
  }
}

function numberOf(name: string): number {
  return Number(OF_LOCK.exec(name)?.[1] ?? 0);
}

function holderFile(number: number): string {
  return `holder.${number}`;
}

function words(id: string, count: number): string {
  return `process ${process.pid} on ${hostname()}, ${id}, beat ${count}`;
}

function inUse(folder: string, holder: string): SignalboxError {
  return new SignalboxError('conflict', `Another bridge serves this folder: ${holder}.`, {
    hint: `Stop that one first: two would deliver twice. (Its lock: ${folder})`,
  });
}

function taken(folder: string): SignalboxError {
  return new SignalboxError('conflict', 'Another bridge has taken this folder over.', {
    hint: `This one was stopped for too long. (The lock: ${folder})`,
  });
}
