/** What was probably meant by a word that is not known. */

/** The known word that is nearest, where it is near enough that a person would have meant it. */
export function similar(word: string, known: Iterable<string>): string | undefined {
  const meant = folded(word);
  let best: { name: string; steps: number } | undefined;
  for (const name of known) {
    const steps = distance(meant, folded(name));
    if (best === undefined || steps < best.steps) best = { name, steps };
  }
  const enough = Math.floor(meant.length * 0.4);
  return best !== undefined && best.steps <= enough ? best.name : undefined;
}

function folded(word: string): string {
  return word.slice(0, 64).toLowerCase().replaceAll(/[_-]/g, '');
}

/** Levenshtein's: how many signs must be put in, taken out or changed. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, sign] of Array.from(one).entries()) {
    const next = [at + 1];
    for (const [index, wanted] of Array.from(other).entries()) {
      const changed = (row[index] ?? 0) + (sign === wanted ? 0 : 1);
      next.push(Math.min(changed, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
