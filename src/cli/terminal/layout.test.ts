import { expect, test } from 'vitest';
import { fields, folded, table, type Column } from './layout.ts';
import type { Output } from './output.ts';
import { fitted, padded, textWidth } from './width.ts';

function output(columns: number): Output {
  const nothing = (): void => {};
  return {
    isJson: false,
    isTty: true,
    columns,
    rows: 50,
    paint: (colour, text) => `<${colour}>${text}</>`,
    raw: () => {},
    line: nothing,
    jsonLine: nothing,
    give: nothing,
    hasSpoken: () => false,
    note: nothing,
  };
}

test('a text is as wide as a terminal shows it', () => {
  expect([textWidth('abc'), textWidth('世界'), textWidth('e\u0301'), textWidth('👍')]).toEqual([
    3, 4, 1, 2,
  ]);
});

test('a text is padded and cut to a width', () => {
  expect(padded('世', 4)).toBe('世  ');
  expect(padded('long', 2)).toBe('long');
  expect(fitted('abcdef', 4)).toBe('abc…');
  expect(fitted('世界世界', 5)).toBe('世界…');
  expect(fitted('abcd', 4)).toBe('abcd');
});

interface Row {
  name: string;
  text: string;
}

const columns: Column<Row>[] = [
  { title: 'NAME', text: ({ name }) => name, dress: (text) => `[${text}]` },
  { title: 'TEXT', text: ({ text }) => text },
];

test('columns line up whatever colours they have, and the last is cut to fit', () => {
  const rows = [
    { name: 'ada', text: 'a text that is too long' },
    { name: 'alexander', text: 'short' },
    { name: '世界', text: 'wide' },
  ];
  expect(table(output(25), columns, rows)).toEqual([
    '<dim>NAME</>       <dim>TEXT</>',
    '[ada]        a text that i…',
    '[alexander]  short',
    '[世界]       wide',
  ]);
});

test('columns that can be spared make room for the last one where a terminal is narrow', () => {
  const spare: Column<Row>[] = [
    { title: 'ID', text: () => 'tsk_1' },
    { title: 'TRY', text: () => '1', spare: 1 },
    { title: 'LANE', text: () => 'normal', spare: 2 },
    { title: 'TITLE', text: ({ text }) => text },
  ];
  const row = { name: 'ada', text: 'Write the parser' };
  const head = (width: number): string =>
    (table(output(width), spare, [row])[0] ?? '').replaceAll(/<[^>]*>/g, '');
  expect(head(36)).toBe('ID     TRY  LANE    TITLE');
  expect(head(35), 'what goes first').toBe('ID     LANE    TITLE');
  expect(head(30)).toBe('ID     TITLE');
  expect(table(output(12), spare, [row])[1], 'none is left to be spared').toBe('tsk_1  Write the…');
  expect(table(output(12), spare, [{ ...row, text: '' }])[0]).toContain('TITLE');
});

test('fields line up, and those without a value are left out', () => {
  const pairs = [
    ['id', 'tsk_1'],
    ['reason', undefined],
    ['agent', 'ada'],
  ] as const;
  expect(fields(output(80), pairs)).toEqual(['<dim>id   </>  tsk_1', '<dim>agent</>  ada']);
});

test('lines are broken between words on a terminal, and stay whole in a pipe', () => {
  const lines = ['reason  the check of the parser failed', 'short'];
  const narrow = folded(output(20), lines);
  expect(narrow).toEqual(['reason  the check of', '  the parser failed', 'short']);
  expect(folded({ ...output(20), isTty: false }, lines)).toEqual(lines);
});
