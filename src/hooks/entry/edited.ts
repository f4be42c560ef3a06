/** Which files a tool of an agent is about to change, by the fields that the clients use for it. */
import { fieldsOf, isFields, listOf, textOf, type Fields } from './json.ts';

const PATH_FIELDS = [
  'file_path',
  'notebook_path',
  'filePath',
  'absolute_path',
  'target_file',
  'path',
];
const LIST_FIELDS = ['edits', 'files', 'paths', 'file_paths', 'changes'];
const PATCH_FIELDS = ['input', 'patch', 'command', 'cmd'];
const PATCH_LINE = /^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$/gm;
const PATHS_MAX = 2_000;

export function editedPaths(input: unknown): string[] {
  const paths = isFields(input) ? inFields(input) : inPatch(input);
  return [...new Set(paths)].slice(0, PATHS_MAX);
}

function inFields(input: Fields): string[] {
  const one = PATH_FIELDS.flatMap((name) => textOf(input[name]) ?? []);
  const many = LIST_FIELDS.flatMap((name) =>
    listOf(input[name]).flatMap((item) => textOf(item) ?? pathIn(fieldsOf(item))),
  );
  return [...one, ...many, ...PATCH_FIELDS.flatMap((name) => inPatch(input[name]))];
}

function pathIn(item: Fields): string[] {
  return PATH_FIELDS.flatMap((name) => textOf(item[name]) ?? []);
}

/** The patches of Codex name their files in lines of their own. */
function inPatch(value: unknown): string[] {
  const text = Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [value];
  return text.flatMap((part) =>
    typeof part === 'string' && part.includes('*** ')
      ? Array.from(part.matchAll(PATCH_LINE), ([, path = '']) => path.trim())
      : [],
  );
}
