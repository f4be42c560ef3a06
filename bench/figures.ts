/** Percentiles, medians and how they are printed. */

/** Nearest rank; NaN for nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.ceil((percent / 100) * sorted.length) - 1;
  return sorted[Math.max(0, Math.min(sorted.length - 1, index))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** `1.31 [1.02–1.54]`: the median with the smallest and the largest. */
export function spread(values: readonly number[], digits = 2): string {
  if (values.length === 0) return '–';
  const shown = (value: number): string => value.toFixed(digits);
  return `${shown(median(values))} [${shown(Math.min(...values))}–${shown(Math.max(...values))}]`;
}
