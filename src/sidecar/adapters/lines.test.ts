import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLines } from './lines.ts';

function split(chunks: Uint8Array[], bytesMax = 1_000): { lines: string[]; overlong: number[] } {
  const lines: string[] = [];
  const overlong: number[] = [];
  const reader = createLines({
    bytesMax,
    onLine: (line) => lines.push(line),
    onOverlong: (bytes) => overlong.push(bytes),
  });
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return { lines, overlong };
}

test('however the bytes are cut into chunks, the lines are the same', () => {
  const unit = fc.constantFrom('a', '€', '😀', '\n', '\r\n', ' ');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), fc.array(fc.nat(40)), (text, cuts) => {
      const bytes = Buffer.from(text);
      const chunks: Uint8Array[] = [];
      let from = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(from, from + cut));
        from += cut;
      }
      chunks.push(bytes.subarray(from));
      const wanted = text.split('\n').filter((line) => line !== '');
      expect(split(chunks).lines).toEqual(wanted.map((line) => line.replace(/\r$/, '')));
    }),
  );
});

test('bytes that are no UTF-8, and NUL, become the sign for what cannot be shown', () => {
  expect(split([Uint8Array.from([0x61, 0xff, 0x00, 0x0a, 0xe2, 0x82])]).lines).toEqual([
    'a\ufffd\ufffd',
    '\ufffd',
  ]);
});

test('a line that is too long is left out and told once; the next one is read', () => {
  const chunk = Buffer.alloc(64, 'x');
  const chunks = [...Array<Uint8Array>(100).fill(chunk), Buffer.from('\nshort\n')];
  expect(split(chunks)).toEqual({ lines: ['short'], overlong: [6_400] });
});

test('a hundred megabytes without a line end are not held', () => {
  const before = process.memoryUsage().arrayBuffers;
  const reader = createLines({ bytesMax: 1_000_000, onLine: () => {}, onOverlong: () => {} });
  const chunk = Buffer.alloc(100_000, 'x');
  for (let count = 0; count < 1_000; count++) reader.push(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});
