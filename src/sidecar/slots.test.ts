import { expect, test, vi } from 'vitest';
import { SignalboxError } from '../contract/index.ts';
import { manualClock } from '../core/clock.ts';
import { seededRandom } from '../core/random.ts';
import { runSlots, slotNames, type SlotEvent } from './slots.ts';

function scene() {
  const clock = manualClock();
  const told: [string, SlotEvent['kind']][] = [];
  const ending = new AbortController();
  const say = (name: string, { kind }: SlotEvent): void => void told.push([name, kind]);
  const ports = { clock, random: seededRandom(1), say, ending: ending.signal };
  return { clock, told, ending, ports };
}

test('one slot has the plain name, several are numbered', () => {
  expect(slotNames('ada', 1)).toEqual(['ada']);
  expect(slotNames('ada', 3)).toEqual(['ada-1', 'ada-2', 'ada-3']);
});

test('a slot that crashes is started again while the others go on', async () => {
  const { clock, told, ports } = scene();
  const runs: string[] = [];
  const over = new Map<string, () => void>();
  const all = runSlots(
    slotNames('ada', 3),
    (name) => {
      runs.push(name);
      if (name === 'ada-2' && runs.filter((one) => one === name).length < 3) {
        return Promise.reject(new Error('a defect'));
      }
      return new Promise((resolve) => over.set(name, resolve));
    },
    ports,
  );
  await vi.waitFor(() => expect(told).toEqual([['ada-2', 'slot_again']]));
  expect(runs).toEqual(['ada-1', 'ada-2', 'ada-3']);
  clock.advance(499);
  expect(runs).toHaveLength(3);
  clock.advance(501);
  await vi.waitFor(() => expect(told).toHaveLength(2));
  clock.advance(2_000);
  await vi.waitFor(() => expect(over.size).toBe(3));
  expect(runs).toEqual(['ada-1', 'ada-2', 'ada-3', 'ada-2', 'ada-2']);
  for (const end of over.values()) end();
  await all;
});

test('a slot that no start would help stays away, and is the reason at the end', async () => {
  const { clock, told, ports } = scene();
  let end = (): void => {};
  let starts = 0;
  const all = runSlots(
    ['ada-1', 'ada-2'],
    (name) => {
      starts += 1;
      if (name === 'ada-1') return Promise.reject(new SignalboxError('unauthenticated', 'revoked'));
      return new Promise((resolve) => (end = resolve));
    },
    ports,
  );
  await vi.waitFor(() => expect(told).toEqual([['ada-1', 'slot_over']]));
  clock.advance(60 * 60_000);
  expect(starts).toBe(2);
  end();
  await expect(all).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('nobody is started again once the end was asked for', async () => {
  const { told, ending, ports } = scene();
  let starts = 0;
  const all = runSlots(
    ['ada-1', 'ada-2'],
    () => {
      starts += 1;
      return Promise.reject(new Error('a defect'));
    },
    ports,
  );
  await vi.waitFor(() => expect(told).toHaveLength(2));
  ending.abort();
  await all;
  expect(starts).toBe(2);
});
