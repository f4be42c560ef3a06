/** The order of hand-outs, for every mailbox that there may be. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Priority } from '../../contract/index.ts';
import { inOrder, type Waiting } from './order.ts';

const PRIORITIES: Priority[] = ['urgent', 'high', 'normal', 'low'];

const mailbox = fc
  .array(
    fc.record({
      senderKey: fc.constantFrom('ada', 'bob'),
      thread: fc.constantFrom(null, 'a', 'b', ''),
      priority: fc.constantFrom(...PRIORITIES),
    }),
    { maxLength: 12 },
  )
  .map((rows): Waiting[] => rows.map((row, index) => ({ ...row, seq: index + 1 })));

const isSameThread = (a: Waiting, b: Waiting): boolean =>
  a.senderKey === b.senderKey && a.thread === b.thread;
const rank = ({ priority }: Waiting): number => PRIORITIES.indexOf(priority);

test('everything is handed out once, and a limit only cuts the end off', () => {
  fc.assert(
    fc.property(mailbox, fc.nat({ max: 12 }), (waiting, limit) => {
      const all = inOrder(waiting, waiting.length);
      expect(all.toSorted((a, b) => a.seq - b.seq)).toEqual(waiting);
      expect(inOrder(waiting, limit)).toEqual(all.slice(0, limit));
    }),
  );
});

test('what one sender wrote in one thread keeps its order', () => {
  fc.assert(
    fc.property(mailbox, (waiting) => {
      const all = inOrder(waiting, waiting.length);
      for (const [index, row] of all.entries()) {
        const later = all.slice(index + 1).filter((other) => isSameThread(row, other));
        for (const other of later) expect(other.seq).toBeGreaterThan(row.seq);
      }
    }),
  );
});

test('of the first in each thread the most urgent goes next, and the older of equals', () => {
  fc.assert(
    fc.property(mailbox, (waiting) => {
      let left = waiting;
      for (const next of inOrder(waiting, waiting.length)) {
        const firsts = left.filter(
          (row) => !left.some((other) => isSameThread(row, other) && other.seq < row.seq),
        );
        const best = firsts.toSorted((a, b) => rank(a) - rank(b) || a.seq - b.seq)[0];
        expect(next).toEqual(best);
        left = left.filter((row) => row !== next);
      }
    }),
  );
});
