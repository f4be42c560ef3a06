import { expect, test, vi } from 'vitest';
import { createClient } from '../client/index.ts';
import { SignalboxError } from '../contract/index.ts';
import { manualClock, type ManualClock } from '../core/clock.ts';
import type { Use } from '../contract/index.ts';
import { newTask, ScriptedHub } from './fixture.ts';
import { createReporter, REPORT_MS, SAME_MS, type Reporter } from './reporter.ts';

const use: Use = {
  model: 'm',
  inputTokens: 5,
  cachedInputTokens: 2,
  outputTokens: 1,
  costMicros: null,
  contextTokens: null,
  contextTokensMax: null,
};

const NEWS = ['note', 'use'];

interface Scene {
  hub: ScriptedHub;
  clock: ManualClock;
  reporter: Reporter;
  stops: string[];
  /** Waits until the hub has been told so often, and has answered. */
  told: (count: number) => Promise<Record<string, unknown>[]>;
}

function scene(answer: () => string | null = () => null): Scene {
  const hub = new ScriptedHub();
  const task = newTask();
  hub.tasks.set(task.id, task);
  hub.answers.set('task.progress', () => ({
    id: task.id,
    state: 'running',
    fence: task.fence,
    stop: answer(),
  }));
  const clock = manualClock();
  const stops: string[] = [];
  const reporter = createReporter({
    client: createClient(hub.transport()),
    clock,
    taskId: task.id,
    fence: task.fence,
    onStop: (reason) => void stops.push(reason),
  });
  return {
    hub,
    clock,
    reporter,
    stops,
    async told(count) {
      await vi.waitFor(() => expect(hub.inputsOf('task.progress')).toHaveLength(count));
      await new Promise(setImmediate);
      return hub
        .inputsOf('task.progress')
        .map((input) =>
          Object.fromEntries(Object.entries(input).filter(([name]) => NEWS.includes(name))),
        );
    },
  };
}

test('the first word goes at once, the rest every two seconds, each as the latest', async () => {
  const { reporter, clock, told } = scene();
  reporter.tell({ note: 'one', use: null });
  await told(1);
  reporter.tell({ note: 'two', use: null });
  reporter.tell({ note: 'three', use });
  clock.advance(REPORT_MS - 1);
  await told(1);
  clock.advance(1);
  expect(await told(2)).toEqual([{ note: 'one' }, { note: 'three', use }]);
});

test('the same again is told twice a minute', async () => {
  const { reporter, clock, told } = scene();
  reporter.tell({ note: 'one', use: null });
  await told(1);
  for (let ms = 0; ms < SAME_MS - REPORT_MS; ms += REPORT_MS) {
    clock.advance(REPORT_MS);
    reporter.tell({ note: 'one', use: null });
  }
  await told(1);
  clock.advance(REPORT_MS);
  reporter.tell({ note: 'one', use: null });
  await told(2);
});

test('a hub that refuses or is away costs nothing: the next word brings all of it', async () => {
  let fails = true;
  const { reporter, clock, told, stops } = scene(() => {
    if (fails) throw new SignalboxError('unavailable', 'away');
    return null;
  });
  reporter.tell({ note: 'one', use });
  await told(1);
  fails = false;
  clock.advance(REPORT_MS);
  reporter.tell({ note: 'one', use });
  expect(await told(2)).toEqual([
    { note: 'one', use },
    { note: 'one', use },
  ]);
  expect(stops).toEqual([]);
});

test('the answer may say to stop; once closed, nothing more is told or heard', async () => {
  const { reporter, clock, told, stops } = scene(() => 'The budget is used up.');
  reporter.tell({ note: 'one', use });
  await told(1);
  expect(stops).toEqual(['The budget is used up.']);
  reporter.close();
  clock.advance(REPORT_MS);
  reporter.tell({ note: 'two', use });
  await told(1);
});
