/** What differs between two commits, path by path. */
import type { Store } from './history.ts';
import { checkCommit } from './names.ts';

export type ChangeStatus = 'added' | 'modified' | 'deleted' | 'renamed' | 'type_changed';
export type FileKind = 'file' | 'executable' | 'symlink' | 'submodule';

export interface ChangedPath {
  status: ChangeStatus;
  /** With `/`, from the top. Bytes that are not UTF-8 show as U+FFFD. */
  path: string;
  /** Of a renamed file; else null. */
  fromPath: string | null;
  /** Of the new side, or of the old one for a deleted path. */
  fileKind: FileKind;
  /** Lines; null for a binary file. */
  additions: number | null;
  deletions: number | null;
}

export interface DiffSummary {
  files: ChangedPath[];
  /** Lines of all files that are text. */
  additions: number;
  deletions: number;
}

/** Compares the two trees; for a change, `base` is where it leaves the base branch. */
export async function diffSummary(
  store: Store,
  pair: { base: string; head: string },
): Promise<DiffSummary> {
  const flags = ['-r', '-z', '--raw', '--numstat', '--find-renames', '--ignore-submodules=none'];
  const commits = [checkCommit(pair.base), checkCommit(pair.head)];
  const args = ['diff-tree', ...flags, '--no-ext-diff', '--no-textconv', ...commits, '--'];
  const { stdout } = await store.git.run(args, { gitDir: store.dir });
  return parseDiff(stdout.toString('utf8'));
}

/** Reads `--raw --numstat -z`: first all entries of one kind, then all of the other. */
export function parseDiff(text: string): DiffSummary {
  const fields = text.split('\0').values();
  const next = (): string => fields.next().value ?? '';
  const files: ChangedPath[] = [];
  const lines = new Map<string, { additions: number | null; deletions: number | null }>();
  for (let field = next(); field !== ''; field = next()) {
    if (field.startsWith(':')) {
      files.push(rawEntry(field, next));
    } else {
      const [additions = '', deletions = '', ...name] = field.split('\t');
      const path = name.join('\t');
      if (path === '') next();
      lines.set(path === '' ? next() : path, {
        additions: count(additions),
        deletions: count(deletions),
      });
    }
  }
  const counted = files.map((file) => Object.assign(file, lines.get(file.path)));
  return {
    files: counted,
    additions: sum(counted, 'additions'),
    deletions: sum(counted, 'deletions'),
  };
}

const STATUS: Readonly<Record<string, ChangeStatus>> = {
  A: 'added',
  C: 'added',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'type_changed',
};

/** `:100644 100755 OLD NEW R086`, then the path, or two of them. */
function rawEntry(field: string, next: () => string): ChangedPath {
  const [oldMode = '', newMode = '', , , letter = ''] = field.slice(1).split(' ');
  const status = STATUS[letter.charAt(0)] ?? 'modified';
  const first = next();
  const hasTwo = /^[RC]/.test(letter);
  return {
    status,
    path: hasTwo ? next() : first,
    fromPath: status === 'renamed' ? first : null,
    fileKind: fileKind(newMode === '000000' ? oldMode : newMode),
    additions: null,
    deletions: null,
  };
}

function fileKind(mode: string): FileKind {
  if (mode === '120000') return 'symlink';
  if (mode === '160000') return 'submodule';
  return mode === '100755' ? 'executable' : 'file';
}

function count(text: string): number | null {
  return text === '-' ? null : Number(text);
}

function sum(files: readonly ChangedPath[], side: 'additions' | 'deletions'): number {
  return files.reduce((total, file) => total + (file[side] ?? 0), 0);
}
