/** Columns and fields: results laid out so that an eye finds its way. */
import type { Output } from './output.ts';
import { fitted, padded, textWidth } from './width.ts';

export interface Column<Row> {
  title: string;
  /** Plain text; harmless already. */
  text: (row: Row) => string;
  /** Colours the text, whose width is settled then. */
  dress?: (text: string, row: Row) => string;
}

const GAP = '  ';

/** The last column takes what room is left; on a terminal it is cut to fit. */
export function table<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  const widths = columns.map(({ title }, at) =>
    Math.max(textWidth(title), ...cells.map((line) => textWidth(line[at] ?? ''))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = Math.max(10, output.columns - before);
  const laidOut = (texts: readonly string[], dress: (text: string, at: number) => string): string =>
    texts
      .map((text, at) =>
        at === columns.length - 1
          ? dress(fitted(text, room), at)
          : dress(text, at) + padded('', (widths[at] ?? 0) - textWidth(text)),
      )
      .join(GAP)
      .trimEnd();
  const head = laidOut(
    columns.map(({ title }) => title),
    (text) => output.paint('dim', text),
  );
  const body = rows.map((row, index) =>
    laidOut(cells[index] ?? [], (text, at) => columns[at]?.dress?.(text, row) ?? text),
  );
  return [head, ...body];
}

/** `name   value`, one a line; what is undefined is left out. */
export function fields(
  output: Output,
  pairs: readonly (readonly [name: string, value: string | undefined])[],
): string[] {
  const shown = pairs.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  const width = Math.max(0, ...shown.map(({ name }) => textWidth(name)));
  return shown.map(
    ({ name, value }) => `${output.paint('dim', padded(name, width))}${GAP}${value}`,
  );
}

export function indented(text: string, by = '  '): string[] {
  return text.split('\n').map((line) => `${by}${line}`);
}
