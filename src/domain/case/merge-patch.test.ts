import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergePatch } from './merge-patch.ts';

/** The examples of RFC 7396, appendix A, in which the patch is an object. */
const examples: [target: unknown, patch: Record<string, unknown>, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test('a patch merges as RFC 7396 shows it', () => {
  for (const [target, patch, result] of examples) {
    expect(mergePatch(target, patch), JSON.stringify(patch)).toEqual(result);
  }
});

test('a patch changes neither what it is merged into nor itself, and twice is as once', () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
      expect(JSON.stringify([target, patch])).toBe(before);
    }),
  );
});

test('a field called __proto__ is a field and changes no prototype', () => {
  const patch: Record<string, unknown> = JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}');
  const merged = mergePatch({ a: {} }, patch);
  expect(JSON.stringify(merged)).toBe('{"a":{"__proto__":{"isAdmin":true}}}');
  expect(Reflect.get(Object(merged['a']), 'isAdmin')).toBeUndefined();
  expect(Reflect.get({}, 'isAdmin')).toBeUndefined();
});
