import { sourceFile, type Fact, type SourceFile } from './source.ts';

/** Something that holds for every file, with what proves that it can be broken. */
export interface Rule {
  /** A sentence that is true of a tidy tree. */
  says: string;
  because: string;
  breaches: (files: readonly SourceFile[]) => Breach[];
  /** Made-up files: each of `broken` must be found, none of `sound`. */
  broken: Record<string, string>;
  sound: Record<string, string>;
}

export interface Breach {
  path: string;
  line: number;
  what: string;
}

export function madeUp(texts: Record<string, string>): SourceFile[] {
  return Object.entries(texts).map(([path, text]) => sourceFile(path, text));
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|[./]fixture(-[a-z-]+)?\.ts$|^test\//.test(path);
}

export function isProduct(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.ts') && !isTest(path);
}

export function isInside(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

/** The facts of one kind, in the files that matter, that break the rule. */
export function find(
  files: readonly SourceFile[],
  kind: 'imports' | 'handsOn' | 'words' | 'texts' | 'titles',
  isBroken: (fact: Fact, path: string) => boolean,
): Breach[] {
  return files.flatMap((file) =>
    file[kind]
      .filter((fact) => isBroken(fact, file.path))
      .map(({ what, line }) => ({ path: file.path, line, what })),
  );
}
