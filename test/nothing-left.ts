/**
 * Fails a test file that leaves something open: a server, a socket, a child process, a timer.
 *
 * Vitest ends the worker after each file, and so hides what leaked. Its own leak detector counts
 * every promise that still waits, also those of `expect.poll`; here only what would keep a process
 * alive counts, and only what was not there before the file began.
 */
import { afterAll, expect } from 'vitest';

const PATIENCE_MS = 5000;

function countOpen(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo())
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

// Node opens the standard streams when they are first looked at, which is no test's doing.
void [process.stdin, process.stdout, process.stderr];
const before = countOpen();
// Vitest reports progress from a timer of its own, which may be running at any time.
before.set('Timeout', (before.get('Timeout') ?? 0) + 1);

function leftOpen(): string[] {
  return [...countOpen()]
    .filter(([kind, count]) => count > (before.get(kind) ?? 0))
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}

// What is being closed may take a moment, so this looks again before it speaks.
afterAll(async () => {
  const untilMs = performance.now() + PATIENCE_MS;
  let left = leftOpen();
  while (left.length > 0 && performance.now() < untilMs) {
    await new Promise(setImmediate);
    left = leftOpen();
  }
  expect(left, 'left open when the tests of this file were over').toEqual([]);
}, 2 * PATIENCE_MS);
