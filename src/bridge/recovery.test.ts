/** What a bridge finds when it comes back, two of them on one folder, and very many files. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SignalboxError } from '../contract/index.ts';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { Desk, past, QUICK, T, WAIT } from './fixture.ts';
import { takeLock, type Lock } from './lock.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
});
afterEach(() => desk.close());

const PING = `${T}_PING_Pulse_to_Closer.md`;
const TO_PULSE = `${T}_PIPELINE_TRANSITION_Closer_to_Pulse.md`;

describe('a bridge that comes back', () => {
  test('sends no file again whose answer was lost, also when the hub forgot its key', async () => {
    await desk.drop('closer_inbox', PING);
    desk.hub.wire = ({ operation }, apply) => {
      const output = apply();
      if (operation !== 'message.send') return output;
      throw new SignalboxError('unavailable', 'The answer was lost.', { retryAfterMs: 60_000 });
    };
    const first = desk.start({ hubAgents: ['Closer'] });
    await vi.waitFor(() => expect(desk.hub.of('closer')).toHaveLength(1), WAIT);
    await first.stop();
    expect(await desk.files('closer_inbox', '.sending')).toEqual([PING]);
    desk.hub.answers.clear();
    desk.hub.wire = (_, apply) => apply();
    // Others of the same sender came in between, more than a page of them.
    for (let at = 0; at < 300; at++) desk.hub.send('bridge', 'Closer', { type: 'PING' });
    desk.start({ hubAgents: ['Closer'] });
    await desk.until(['closer_inbox', '.processed'], [PING]);
    expect(desk.hub.of('closer')).toHaveLength(301);
  });

  test('sends no file twice whose answer is late, while it goes on', async () => {
    await desk.drop('closer_inbox', PING);
    let count = 0;
    desk.hub.wire = ({ operation }, apply) => {
      const output = apply();
      if (operation !== 'message.send' || ++count > 2) return output;
      throw new SignalboxError('unavailable', 'The answer was lost.', { retryAfterMs: 1 });
    };
    desk.start({ hubAgents: ['Closer'] });
    await desk.until(['closer_inbox', '.processed'], [PING]);
    expect(count).toBe(3);
    expect(desk.hub.of('closer')).toHaveLength(1);
  });

  test('acknowledges what was moved while it was away, and writes it no second time', async () => {
    const ids = ['A', 'B'].map((type) => desk.hub.send('Closer', 'Pulse', { type }));
    const [a, b] = [`${T}_A_Closer_to_Pulse.md`, `${T}_B_Closer_to_Pulse.md`];
    const first = desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [a, b]);
    await first.stop();
    await desk.process('pulse_inbox', a);
    const { events } = desk.start({ fileAgents: ['Pulse'] });
    await vi.waitFor(() => expect(desk.hub.stateOf(ids[0] ?? '')).toBe('acked'), WAIT);
    expect(desk.hub.stateOf(ids[1] ?? '')).toBe('pending');
    expect(await desk.files('pulse_inbox')).toEqual([b]);
    expect(events.filter(({ kind }) => kind === 'written')).toEqual([]);
  });

  test('sends what was on its way for an agent that lives on files now', async () => {
    await mkdir(desk.path('closer_inbox', '.sending'), { recursive: true });
    await desk.drop('closer_inbox', PING);
    await rename(desk.path('closer_inbox', PING), desk.path('closer_inbox', '.sending', PING));
    desk.start({ fileAgents: ['Closer'] });
    await desk.until(['closer_inbox', '.processed'], [PING]);
    await desk.until(['closer_inbox'], [`${T}_PING_bridge_to_Closer.md`]);
    expect(desk.hub.of('closer')).toHaveLength(1);
  });

  test('clears away what a killed one was writing', async () => {
    await mkdir(desk.path('pulse_inbox'));
    await writeFile(desk.path('pulse_inbox', '.other.md.signalbox-draft'), '---\nid: half');
    desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    const names = await readdir(desk.path('pulse_inbox'));
    expect(names.filter((name) => name.includes('draft'))).toEqual([]);
  });

  test('outlives a hub that refuses for a while, and a folder that is gone for a while', async () => {
    await desk.drop('closer_inbox', PING);
    let isAway = true;
    desk.hub.wire = (_, apply) => {
      if (isAway) throw new SignalboxError('unavailable', 'The hub is gone.');
      return apply();
    };
    const { events } = desk.start({ fileAgents: ['Pulse'], hubAgents: ['Closer'] });
    await desk.until(['closer_inbox', '.sending'], [PING]);
    await rename(desk.path('closer_inbox'), desk.path('away'));
    await writeFile(desk.path('closer_inbox'), 'in the way');
    await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toContain('trouble'), WAIT);
    isAway = false;
    await rm(desk.path('closer_inbox'));
    await rename(desk.path('away'), desk.path('closer_inbox'));
    await desk.until(['closer_inbox', '.processed'], [PING]);
    desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
  });
});

test('a disk that is gone for a while is waited for', async () => {
  const { events } = desk.start({ hubAgents: ['Closer'] });
  await vi.waitFor(() => expect(events).toHaveLength(1), WAIT);
  await rename(desk.dir, `${desk.dir}.away`);
  await vi.waitFor(() => {
    expect(events).toContainEqual(expect.objectContaining({ kind: 'trouble', agent: 'Closer' }));
  }, WAIT);
  await rename(`${desk.dir}.away`, desk.dir);
  await desk.drop('closer_inbox', PING);
  await desk.until(['closer_inbox', '.processed'], [PING]);
});

describe('two bridges on one folder', () => {
  test('do not both serve it: the second is told who does', async () => {
    const first = desk.start({ fileAgents: ['Pulse'] });
    await vi.waitFor(() => expect(first.events).toHaveLength(1), WAIT);
    const second = desk.start({ fileAgents: ['Pulse'] });
    await expect(second.ended).rejects.toThrow(`process ${process.pid} on`);
    desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    await first.stop();
    const third = desk.start({ fileAgents: ['Pulse'] });
    await vi.waitFor(() => expect(third.events.map(({ kind }) => kind)).toEqual(['ready']), WAIT);
  });

  test('take turns: a lock without a beat is taken over by one of those who wait', async () => {
    await mkdir(desk.path('.bridge', 'lock.7'), { recursive: true });
    await writeFile(desk.path('.bridge', 'holder.7'), 'process 1 on gone, beat 3');
    const stop = new AbortController();
    const waits: string[] = [];
    const take = (): Promise<Lock> =>
      takeLock({
        folder: desk.path('.bridge'),
        clock: systemClock(),
        random: systemRandom(),
        stop: stop.signal,
        beatMs: 30,
        staleMs: 200,
        onWait: (holder) => waits.push(holder),
        onSilence: () => {},
      });
    const all = await Promise.allSettled([take(), take(), take()]);
    const taken = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(taken).toHaveLength(1);
    expect(waits[0]).toContain('process 1 on gone');
    expect(await readdir(desk.path('.bridge'))).toEqual(expect.arrayContaining(['lock.8']));
    expect(taken[0]?.isHeld()).toBe(true);

    // One that was stopped for too long finds that it is over.
    await mkdir(desk.path('.bridge', 'lock.9'));
    await vi.waitFor(
      () => expect(() => taken[0]?.isHeld()).toThrow(/taken this folder over/),
      WAIT,
    );
    stop.abort();
    await taken[0]?.release();
  });

  test.each([
    ['cannot be reached', true],
    ['is not there, as on a disk that is not mounted', false],
  ])('hold nothing while the folder of the lock %s', async (_title, isInTheWay) => {
    const first = desk.start({ fileAgents: ['Pulse'] });
    await vi.waitFor(() => expect(first.events).toHaveLength(1), WAIT);
    await rename(desk.path('.bridge'), desk.path('.away'));
    if (isInTheWay) await writeFile(desk.path('.bridge'), 'in the way');
    await vi.waitFor(() => expect(first.events.at(-1)?.kind).toBe('trouble'), WAIT);
    // Longer than a beat may be late, and then long enough for many looks.
    await past(QUICK.staleMs);
    desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    await past(10 * QUICK.intervalMs);
    expect(await desk.files('pulse_inbox')).toEqual([]);
    await rm(desk.path('.bridge'), { force: true });
    await rename(desk.path('.away'), desk.path('.bridge'));
    await desk.until(['pulse_inbox'], [TO_PULSE]);
  });
});

const MANY = 10_000;

test('ten thousand files that wait go out in the order of their names', async () => {
  const names = Array.from(
    { length: MANY },
    (_, at) => `${T}_N${String(at).padStart(5, '0')}_Pulse_to_Closer.md`,
  );
  await mkdir(desk.path('closer_inbox'));
  for (const name of names) await writeFile(desk.path('closer_inbox', name), `${name}\n`);
  const beganMs = performance.now();
  const { events } = desk.start({ hubAgents: ['Closer'] });
  const wait = { timeout: 120_000, interval: 100 };
  await vi.waitFor(() => expect(desk.hub.held).toHaveLength(MANY), wait);
  await desk.until(['closer_inbox'], []);
  const perSecond = MANY / ((performance.now() - beganMs) / 1_000);
  expect(desk.hub.of('closer').map(({ type }) => `${T}_${type}_Pulse_to_Closer.md`)).toEqual(names);
  expect(events.some(({ kind }) => kind === 'progress')).toBe(true);
  const processed = () => desk.files('closer_inbox', '.processed');
  await vi.waitFor(async () => expect(await processed()).toHaveLength(MANY), wait);
  expect(perSecond).toBeGreaterThan(100);
}, 180_000);

test('ten thousand messages that wait are written, and acknowledged as they are read', async () => {
  for (let at = 0; at < MANY + 100; at++) desk.hub.send('Closer', 'Pulse', { type: `N${at}` });
  const beganMs = performance.now();
  desk.start({ fileAgents: ['Pulse'], recheckMs: 60_000 });
  const wait = { timeout: 120_000, interval: 100 };
  await vi.waitFor(async () => expect(await desk.files('pulse_inbox')).toHaveLength(MANY), wait);
  const perSecond = MANY / ((performance.now() - beganMs) / 1_000);
  // No more than that lie in the folder at once; the others follow when there is room.
  for (const name of await desk.files('pulse_inbox')) await desk.process('pulse_inbox', name);
  await vi.waitFor(async () => expect(await desk.files('pulse_inbox')).toHaveLength(100), wait);
  for (const name of await desk.files('pulse_inbox')) await desk.process('pulse_inbox', name);
  await vi.waitFor(() => expect(desk.hub.pending('Pulse')).toEqual([]), wait);
  expect(perSecond).toBeGreaterThan(100);
}, 240_000);
