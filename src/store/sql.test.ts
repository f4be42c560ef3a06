import { expect, test } from 'vitest';
import { join, limitTo, raw, sql } from './sql.ts';

test('values become parameters, written as each engine wants them', () => {
  const query = sql`select * from t where a = ${1} and b = ${'x'}`;
  expect(query.values).toEqual([1, 'x']);
  expect(query.template.sqlite).toBe('select * from t where a = ? and b = ?');
  expect(query.template.postgres).toBe('select * from t where a = $1 and b = $2');
});

test('one place in the source has one template, whatever its values', () => {
  const find = (id: number) => sql`select ${id} as id`;
  expect(find(1).template).toBe(find(2).template);
});

test('fragments nest, and their values stay in order', () => {
  const inner = sql`b = ${2} or ${sql`c = ${3}`}`;
  const query = sql`select 1 where a = ${1} and (${inner}) ${raw('for update')} limit ${4}`;
  expect(query.values).toEqual([1, 2, 3, 4]);
  expect(query.template.postgres).toBe(
    'select 1 where a = $1 and (b = $2 or c = $3) for update limit $4',
  );
});

test('the same fragments give the same template again, other fragments another', () => {
  const [one, two] = [raw('for update'), raw('')];
  const find = (end: typeof one) => sql`select 1 ${end}`;
  const first = find(one).template;
  expect(find(two).template).not.toBe(first);
  expect(find(two).template.sqlite).toBe('select 1 ');
  expect(find(one).template).toBe(first);
});

test('a fragment and a value at the same place are told apart', () => {
  const find = (slot: Parameters<typeof join>[0][number]) => sql`select ${slot}, ${raw('now')}`;
  expect(find(1).template.sqlite).toBe('select ?, now');
  expect(find(raw('then')).template.sqlite).toBe('select then, now');
  expect(find(2).template.sqlite).toBe('select ?, now');
});

test('lists are joined, of values and of fragments', () => {
  expect(join(['a', 'b']).template.postgres).toBe('$1, $2');
  const rows = [1, 2].map((id) => sql`(${id}, ${'x'})`);
  const query = sql`insert into t values ${join(rows)} returning id`;
  expect(query.template.sqlite).toBe('insert into t values (?, ?), (?, ?) returning id');
  expect(query.values).toEqual([1, 'x', 2, 'x']);
  expect(join([sql`a = ${1}`, sql`b = ${2}`], ' and ').template.sqlite).toBe('a = ? and b = ?');
  expect(() => join([])).toThrow('empty list');
});

test('a text that depends on the length of a list is not fixed', () => {
  expect(sql`select ${1}`.template.isFixed).toBe(true);
  expect(sql`select 1 where a in (${join([1])})`.template.isFixed).toBe(false);
  expect(sql`select ${raw('1')} as a`.template.isFixed).toBe(true);
});

test('a limit is fixed where it is of our own pages, not where a caller chose it', () => {
  const isFixed = (rows: number) => sql`select 1 ${limitTo(rows)}`.template.isFixed;
  expect([1, 50, 200, 1_000].map(isFixed)).toEqual([true, true, true, true]);
  expect([3, 51, 199, 999].map(isFixed)).toEqual([false, false, false, false]);
});

test.for([
  ['undefined', undefined, 'is undefined'],
  ['a date', new Date(0), 'is a Date: give its milliseconds'],
  ['a boolean', true, 'is a boolean: give 0 or 1'],
  ['NaN', Number.NaN, 'is NaN'],
  ['infinity', Number.POSITIVE_INFINITY, 'is Infinity'],
  ['a bigint', 1n, 'is a bigint: give a number'],
  ['an object', {}, 'is a value of type object'],
  ['a list', [1], 'is a value of type object'],
  ['a function', () => 1, 'is a value of type function'],
  ['a symbol', Symbol('x'), 'is a value of type symbol'],
  ['text with a NUL character', 'a\0b', 'is text with a NUL character'],
] as const)('%s is refused as a value, and the statement is named', ([, value, reason]) => {
  const wrong = value as unknown as string;
  const message = `parameter 2 of the statement ${reason} (in: select $1 as a, $2 as b)`;
  expect(() => sql`select ${1} as a, ${wrong} as b`).toThrow(message);
  expect(() => join([1, wrong])).toThrow(`parameter 2 of the statement ${reason}`);
});

test('bytes, null and numbers with a fraction are values', () => {
  const bytes = new Uint8Array([1]);
  expect(sql`select ${bytes}, ${null}, ${1.5}`.values).toEqual([bytes, null, 1.5]);
});
