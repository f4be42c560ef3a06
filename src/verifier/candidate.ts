/** What a change touches, and the policy that it meets, as the hub wants to know it. */
import { limits, POLICY_PATH } from '../contract/index.ts';
import { diffSummary } from '../git/diff.ts';
import type { Mirror } from '../git/mirror.ts';

/** Leaves room for the rest of the request. */
const PATHS_BYTES_MAX = limits.requestBytesMax / 2;

export interface Candidate {
  policy: string | null;
  paths: string[];
  additions: number;
  deletions: number;
}

export async function candidateOf(
  mirror: Mirror,
  { base, commit }: { base: string; commit: string },
): Promise<Candidate> {
  const { files, additions, deletions } = await diffSummary(mirror, { base, head: commit });
  // A renamed file leaves one place and enters another, and either may be guarded.
  const paths = files.flatMap(({ path, fromPath }) =>
    fromPath === null ? path : [fromPath, path],
  );
  return { policy: await policyOf(mirror, base), paths, additions, deletions };
}

/** Why the hub cannot be told of all that a change touches, or null. */
export function tooMuch({ paths }: Candidate): string | null {
  const bytes = paths.reduce((sum, path) => sum + Buffer.byteLength(JSON.stringify(path)) + 1, 0);
  if (paths.length <= limits.pathsMax && bytes <= PATHS_BYTES_MAX) return null;
  const found = `${paths.length} paths (${bytes} bytes of names)`;
  const most = `${limits.pathsMax} paths and ${PATHS_BYTES_MAX} bytes`;
  return `The change touches ${found}; ${most} are the most. Split it.`;
}

/**
 * The policy of the base branch; null where there is none. What is there and is no text of a
 * permitted size must not pass for none: it becomes a text that no reader takes for a policy.
 */
async function policyOf({ git, dir: gitDir }: Mirror, base: string): Promise<string | null> {
  const listing = await git.text(['ls-tree', '-l', '-z', base, '--', POLICY_PATH], { gitDir });
  const entry = /^(\d+) (\w+) ([0-9a-f]+) +(-|\d+)\t/.exec(listing);
  if (entry === null) return null;
  const [, mode = '', type = '', id = '', size = ''] = entry;
  if (type !== 'blob' || !mode.startsWith('100')) return unreadable('it is not a plain file');
  // A character has at least one byte.
  const problem = `it has ${size} bytes, ${limits.policyCharsMax} are the most`;
  if (Number(size) > limits.policyCharsMax) return unreadable(problem);
  const { stdout } = await git.run(['cat-file', 'blob', id], { gitDir });
  const text = stdout.toString('utf8');
  return text.includes('\0') ? unreadable('it holds a NUL character') : text;
}

function unreadable(problem: string): string {
  return JSON.stringify({ version: 1, [problem]: true });
}
