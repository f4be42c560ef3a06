/** A sidecar that is cut off from its hub for two minutes, by a clock that is moved by hand. */
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { manualClock } from '../core/clock.ts';
import { makeBench, newTask } from './fixture.ts';

const CUT_MS = 120_000;

test('after two minutes without a hub the report arrives once, and nothing was stopped', async () => {
  const bench = await makeBench();
  const clock = manualClock();
  /** Time goes on until this holds: processes of the machine do not heed our clock. */
  const until = (holds: () => void): Promise<void> =>
    vi.waitFor(
      () => {
        clock.advance(100);
        holds();
      },
      { timeout: 30_000, interval: 5 },
    );
  try {
    bench.hub.beatMs = 5_000;
    bench.start('touch $OUT; until [ -e $OUT.go ]; do sleep 0.01; done; echo done', {}, clock);
    await bench.heard('connected');
    const task = newTask({ timeoutMs: 60 * 60_000 });
    bench.hub.offer(task);
    await until(() => expect(existsSync(bench.place.path('out'))).toBe(true));
    await bench.called('task.start');
    bench.hub.disconnect();
    for (let goneMs = 0; goneMs < CUT_MS / 2; goneMs += 1_000) {
      clock.advance(1_000);
      await turn();
    }
    await bench.place.write(bench.place.path('out.go'), '');
    await until(() => expect(bench.events.some(({ kind }) => kind === 'ended')).toBe(true));
    for (let goneMs = 0; goneMs < CUT_MS / 2; goneMs += 1_000) {
      clock.advance(1_000);
      await turn();
    }
    expect(bench.hub.inputsOf('task.complete')).toEqual([]);
    bench.hub.reconnect();
    await until(() => expect(bench.hub.inputsOf('task.complete')).toHaveLength(1));
    for (let onMs = 0; onMs < CUT_MS; onMs += 1_000) {
      clock.advance(1_000);
      await turn();
    }
    expect(bench.hub.inputsOf('task.complete')).toHaveLength(1);
    expect(bench.hub.inputsOf('task.fail')).toEqual([]);
    expect(bench.hub.inputsOf('agent.connect').at(-1)).toMatchObject({ holding: [task.id] });
    const kinds = bench.events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'disconnected')).toHaveLength(1);
    expect(kinds).not.toContain('stopping');
  } finally {
    const closing = bench.close();
    let isClosed = false;
    void closing.then(() => (isClosed = true));
    await until(() => expect(isClosed).toBe(true));
  }
});
