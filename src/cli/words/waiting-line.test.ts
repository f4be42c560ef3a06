import { expect, test } from 'vitest';
import type { Fact } from '../../contract/index.ts';
import { waitingLines } from './waiting-line.ts';

const busy = (holder: string): Fact => ({
  fact: 'ada is busy',
  holder,
  untilMs: null,
  frees: 'It hands its task in.',
});
const inHand = (seconds: number, note: string): Fact => ({
  fact: `ada has had it in hand for ${seconds} s; it says: ${note}`,
  holder: 'ada',
  untilMs: null,
  frees: 'It hands the work in.',
});

test('an agent that goes from task to task is busy once', () => {
  const lines = waitingLines();
  expect(lines.next('queued', busy('tsk_1'))).toBe('ada is busy. It hands its task in.');
  expect(lines.next('queued', busy('tsk_2'))).toBeUndefined();
  expect(lines.next('queued', busy('tsk_3'))).toBeUndefined();
});

test('time that goes by and what an agent says make no other fact', () => {
  const lines = waitingLines();
  expect(lines.next('running', inHand(4, 'begun'))).toContain('for 4 s');
  expect(lines.next('running', inHand(8, 'begun'))).toBeUndefined();
  expect(lines.next('running', inHand(12, 'nearly done'))).toBeUndefined();
});

test('what it waits for then is said anew, and so is what comes again', () => {
  const lines = waitingLines();
  const away: Fact = { fact: 'nobody is there', holder: null, untilMs: null, frees: 'Start one.' };
  expect(lines.next('queued', away)).toBeDefined();
  expect(lines.next('queued', busy('tsk_1'))).toBeDefined();
  expect(lines.next('queued', away)).toBe('nobody is there. Start one.');
});
