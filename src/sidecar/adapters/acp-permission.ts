/**
 * Whether an agent may do what it asks for. It may look around; it may change files where it says
 * which, and all of them are in its place of work, also after every link on the way is followed.
 * Who names no file could mean any, and is refused like who names one elsewhere.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type {
  RequestPermissionOutcome,
  RequestPermissionRequest,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import { limits } from '../../contract/index.ts';

const LOOKS: readonly string[] = ['read', 'search', 'think'];
const CHANGES: readonly string[] = ['edit', 'move', 'delete'];
/** Each is looked up on disk; more than these are not asked for in good faith. */
const PATHS_MAX = 1_000;

/** Allows once what stays in the place of work. `refused` says what was not allowed. */
export function decide(
  { toolCall, options }: RequestPermissionRequest,
  folder: string,
): { outcome: RequestPermissionOutcome; refused: string | null } {
  const isAllowed = mayBe(toolCall, folder);
  const wanted = isAllowed ? 'allow_once' : 'reject_once';
  const option = options.find((one) => one.kind === wanted);
  const refused =
    isAllowed && option !== undefined ? null : (toolCall.title ?? toolCall.kind ?? 'a tool');
  if (option === undefined) return { outcome: { outcome: 'cancelled' }, refused };
  return { outcome: { outcome: 'selected', optionId: option.optionId }, refused };
}

function mayBe(toolCall: ToolCallUpdate, folder: string): boolean {
  const kind = toolCall.kind ?? '';
  const paths = pathsOf(toolCall);
  if (!LOOKS.includes(kind) && !(CHANGES.includes(kind) && paths.length > 0)) return false;
  return paths.length <= PATHS_MAX && paths.every((path) => isBelow(path, folder));
}

function pathsOf({ locations, content }: ToolCallUpdate): string[] {
  const diffs = (content ?? []).filter((one) => one.type === 'diff');
  return [...(locations ?? []), ...diffs].map(({ path }) => path);
}

/** A way back is refused: after a link, the system takes it from elsewhere than it is written. */
function isBelow(path: string, folder: string): boolean {
  if (path.length > limits.pathCharsMax || path.split(sep).includes('..')) return false;
  try {
    const way = relative(realpathSync.native(folder), realPath(resolve(folder, path)));
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  } catch {
    return false;
  }
}

/** What is not there yet is as its nearest folder that is; a link that leads nowhere throws. */
function realPath(path: string): string {
  const names = path.split(sep).slice(1);
  let real: string = sep;
  for (const [at, name] of names.entries()) {
    const next = join(real, name);
    if (lstatSync(next, { throwIfNoEntry: false }) === undefined) {
      return join(real, ...names.slice(at));
    }
    real = realpathSync.native(next);
  }
  return real;
}
