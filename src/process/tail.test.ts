import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTail, cutToTail } from './tail.ts';

test('what fits is kept as it is', () => {
  const tail = createTail(100);
  tail.push(Buffer.from('häl'));
  tail.push(Buffer.from('lo\n'));
  expect(tail.text()).toBe('hällo\n');
});

test('a character split between two chunks is whole again', () => {
  const tail = createTail(100);
  for (const byte of Buffer.from('a€😀z')) tail.push(Buffer.of(byte));
  expect(tail.text()).toBe('a€😀z');
});

test('of more than fits the last part is kept, with a note of how much was cut', () => {
  const tail = createTail(1_000);
  tail.push(Buffer.from('789'));
  for (let count = 0; count < 10_000; count++) tail.push(Buffer.from('0123456789'));
  const text = tail.text();
  expect(text.length).toBeLessThanOrEqual(1_000);
  const [note, kept = ''] = text.split('\n');
  expect(note).toBe(`[the first ${100_003 - kept.length} bytes were cut]`);
  expect('0123456789'.repeat(100).endsWith(kept)).toBe(true);
  expect(kept.length).toBeGreaterThan(900);
});

test('bytes that are no UTF-8, and NUL, are made harmless', () => {
  const tail = createTail(100);
  tail.push(Buffer.from([0x61, 0xff, 0xfe, 0x00, 0xc3]));
  expect(tail.text()).toBe('a\ufffd\ufffd\ufffd\ufffd');
});

test('a hundred megabytes without a line end stay within the bound', () => {
  const tail = createTail(64_000);
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const before = process.memoryUsage().rss;
  for (let count = 0; count < 100; count++) tail.push(chunk);
  expect(process.memoryUsage().rss - before).toBeLessThan(20 * 1024 * 1024);
  expect(tail.text()).toMatch(/^\[the first 104793664 bytes were cut\]\nx+$/);
});

test('however it is chunked, the tail is the end of what was printed', () => {
  const chunks = fc.array(fc.string({ unit: 'binary', maxLength: 60, size: 'max' }), {
    maxLength: 30,
    size: 'max',
  });
  fc.assert(
    fc.property(chunks, (texts) => {
      const tail = createTail(100);
      for (const text of texts) tail.push(Buffer.from(text));
      const printed = texts.join('').replaceAll('\0', '\ufffd');
      const text = tail.text();
      expect(text.length).toBeLessThanOrEqual(100);
      expect(text.isWellFormed()).toBe(true);
      if (printed.length <= 100) expect(text).toBe(printed);
      else expect(printed.endsWith(text.slice(text.indexOf('\n') + 1))).toBe(true);
    }),
  );
});

test('a text is never cut inside a character', () => {
  expect(cutToTail('😀'.repeat(100), { charsMax: 101 }).isWellFormed()).toBe(true);
});
