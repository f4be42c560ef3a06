import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder, type Named } from './order.ts';

test('tasks that name nobody stay as they were given', () => {
  expect(inOrder([{ after: [] }, { ref: 'b', after: [] }, { after: ['tsk_1'] }])).toEqual([
    0, 1, 2,
  ]);
});

test('each task comes after all that it names, and each comes once', () => {
  const graphs = fc.integer({ min: 1, max: 30 }).chain((size) =>
    fc.record({
      places: fc.shuffledSubarray(
        Array.from({ length: size }, (_, at) => at),
        { minLength: size },
      ),
      named: fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 4 }), {
        minLength: size,
        maxLength: size,
      }),
    }),
  );
  fc.assert(
    fc.property(graphs, ({ places, named }) => {
      // A task names only those before it in a hidden order, so there is no circle.
      const tasks: Named[] = places.map((at, index) => {
        const earlier = (named[index] ?? []).filter((other) => (places[other] ?? 0) < at);
        const [parent, ...after] = earlier.map((other) => `t${other}`);
        return { ref: `t${index}`, after, ...(parent !== undefined && { parent }) };
      });
      const order = inOrder(tasks);
      expect(order.toSorted((a, b) => a - b)).toEqual([...tasks.keys()]);
      for (const [place, index] of order.entries()) {
        const { after = [], parent } = tasks[index] ?? {};
        for (const name of [...after, ...(parent === undefined ? [] : [parent])]) {
          expect(order.indexOf(Number(name.slice(1)))).toBeLessThan(place);
        }
      }
    }),
  );
});

test('a circle is told from where it begins to where it closes', () => {
  const tasks = [
    { ref: 'lead', after: ['a'] },
    { ref: 'a', after: ['b'] },
    { after: [], ref: 'b', parent: 'c' },
    { ref: 'c', after: ['a'] },
  ];
  expect(() => inOrder(tasks)).toThrow('these tasks wait for each other: a → b → c → a');
});

test('a chain may be as long as the list', () => {
  const size = 20_000;
  const chain = Array.from({ length: size }, (_, at) => ({
    ref: `t${at}`,
    after: at + 1 < size ? [`t${at + 1}`] : [],
  }));
  expect(inOrder(chain)[0]).toBe(size - 1);
});
