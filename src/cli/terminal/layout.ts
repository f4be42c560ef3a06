/** Columns and fields: results laid out so that an eye finds its way. */
import type { Output } from './output.ts';
import { fitted, padded, textWidth, wrapped } from './width.ts';

export interface Column<Row> {
  title: string;
  /** Plain text; harmless already. */
  text: (row: Row) => string;
  /** Colours the text, whose width is settled then. */
  dress?: (text: string, row: Row) => string;
  /** Left out where the last column would have too little room: the lowest number goes first. */
  spare?: number;
}

const GAP = '  ';
const ROOM_WANTED = 32;

/** The last column takes what room is left; on a terminal it is cut to fit. */
export function table<Row>(
  output: Output,
  all: readonly Column<Row>[],
  rows: readonly Row[],
): string[] {
  const columns = withRoom(all, rows, output.columns);
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  const widths = columns.map((column) => widthOf(column, rows));
  const room = Math.max(10, roomOf(columns, rows, output.columns));
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

/** Without as many of the spare columns as it takes for the last one to be of use. */
function withRoom<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Column<Row>[] {
  const last = columns.at(-1);
  const wanted = last === undefined ? 0 : Math.min(ROOM_WANTED, widthOf(last, rows));
  if (roomOf(columns, rows, width) >= wanted) return columns;
  const lowest = Math.min(...columns.map(({ spare }) => spare ?? Infinity));
  if (lowest === Infinity) return columns;
  return withRoom(
    columns.filter(({ spare }) => spare !== lowest),
    rows,
    width,
  );
}

function roomOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): number {
  const before = columns.slice(0, -1).map((column) => widthOf(column, rows) + GAP.length);
  return width - before.reduce((sum, one) => sum + one, 0);
}

function widthOf<Row>({ title, text }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(textWidth(title), ...rows.map((row) => textWidth(text(row))));
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

/** For a terminal that is narrower than the lines; elsewhere they stay as they are. */
export function folded(output: Output, lines: string[]): string[] {
  return output.isTty ? lines.flatMap((line) => wrapped(line, output.columns)) : lines;
}

export function indented(text: string, by = '  '): string[] {
  return text.split('\n').map((line) => `${by}${line}`);
}
