import { expect, test } from 'vitest';
import type { Event } from '../../contract/index.ts';
import { isEven, sharesOf, spreadOf, Stopwatch } from './measure.ts';

let seq = 0;
type Told = Pick<Event, 'type' | 'subject' | 'atMs'> & { data?: Event['data'] };

function told({ data = {}, ...event }: Told): Event {
  return { ...event, seq: ++seq, actor: 'ada', audience: null, data };
}

test('the times of a task count from its queueing, and those of its last attempt stay', () => {
  const watch = new Stopwatch(['one', 'two']);
  watch.take(told({ type: 'task.queued', subject: 'one', atMs: 1_000 }));
  watch.take(
    told({ type: 'task.offered', subject: 'one', atMs: 1_100, data: { agent: 'ada', attempt: 1 } }),
  );
  watch.take(
    told({
      type: 'task.queued',
      subject: 'one',
      atMs: 1_500,
      data: { attempt: 1, outcome: 'failed' },
    }),
  );
  watch.take(
    told({ type: 'task.offered', subject: 'one', atMs: 2_000, data: { agent: 'bob', attempt: 2 } }),
  );
  watch.take(
    told({ type: 'task.running', subject: 'one', atMs: 2_100, data: { agent: 'bob', attempt: 2 } }),
  );
  watch.take(
    told({
      type: 'task.orphaned',
      subject: 'one',
      atMs: 2_150,
      data: { agent: 'ada', attempt: 1 },
    }),
  );
  watch.take(
    told({
      type: 'task.verifying',
      subject: 'one',
      atMs: 2_200,
      data: { agent: 'bob', attempt: 2 },
    }),
  );
  expect(watch.isOver).toBe(false);
  watch.take(
    told({ type: 'task.done', subject: 'one', atMs: 3_000, data: { agent: 'bob', attempt: 2 } }),
  );
  watch.take(told({ type: 'task.done', subject: 'somebody else’s', atMs: 3_000 }));
  expect(watch.all).toMatchObject([
    { id: 'one', agent: 'bob', state: 'done', attempts: 2, offeredMs: 1_000, startedMs: 1_100 },
    { id: 'two', agent: null, state: 'queued', attempts: 0, doneMs: undefined },
  ]);
  expect(watch.all[0]).toMatchObject({ handedInMs: 1_200, doneMs: 2_000 });
  expect(watch.isOver, 'two is open').toBe(false);
  watch.take(told({ type: 'task.dead', subject: 'two', atMs: 4_000 }));
  expect(watch.isOver, 'two can never be done').toBe(true);
});

test('the spread of lengths is by nearest rank, and leaves out what never came', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(spreadOf([...hundred, undefined])).toEqual({ p50Ms: 50, p99Ms: 99, mostMs: 100 });
  expect(spreadOf([7])).toEqual({ p50Ms: 7, p99Ms: 7, mostMs: 7 });
  expect(spreadOf([undefined])).toBeUndefined();
});

test('tasks are shared evenly where each agent is at most two off', () => {
  const done = ['ada', 'ada', 'ada', 'bob'].map((agent) => ({ agent }));
  const shares = sharesOf(['ada', 'bob', 'carol'], done);
  expect(shares).toEqual({ ada: 3, bob: 1, carol: 0 });
  expect(isEven(shares)).toBe(true);
  expect(isEven({ ada: 5, bob: 0 })).toBe(false);
  expect(isEven({ ada: 7, bob: 3 })).toBe(true);
  expect(isEven({ ada: 8, bob: 3 })).toBe(false);
});
