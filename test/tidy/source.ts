/**
 * What the rules look at: the files of the tree, and of each TypeScript file the facts that a rule
 * can ask for. Facts are read off the syntax tree, so that a word in a comment is no use of it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parseAst } from 'vitest/node';

export interface Fact {
  what: string;
  line: number;
}

export interface SourceFile {
  /** From the root of the checkout, with `/`. */
  path: string;
  lines: string[];
  /** Own files by path, packages by name; `import type`, `export from` and `import()` too. */
  imports: Fact[];
  /** The files whose names this one hands on as its own. */
  handsOn: Fact[];
  /** Names and `object.member` pairs in code; `new Date()` and `` sql` `` as they are written. */
  words: Fact[];
  /** The text of strings and templates. */
  texts: Fact[];
  /** First arguments of `test(...)` and its kin. */
  titles: Fact[];
}

const SKIPPED = new Set(['node_modules', 'dist', 'coverage', '.git', '.bootstrap']);
const READ = /\.(ts|mjs|json|sh|sql|yaml|md)$|^(bin|script|\.ci)\/[a-z-]+$/;

export function readTree(root: string): SourceFile[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(root, posix.join(entry.parentPath, entry.name)))
    .filter((path) => READ.test(path) && !path.split('/').some((part) => SKIPPED.has(part)))
    .toSorted()
    .map((path) => sourceFile(path, readFileSync(posix.join(root, path), 'utf8')));
}

export function sourceFile(path: string, text: string): SourceFile {
  const file: SourceFile = {
    path,
    lines: text.split('\n'),
    imports: [],
    handsOn: [],
    words: [],
    texts: [],
    titles: [],
  };
  if (path.endsWith('.ts')) collect(file, text);
  return file;
}

interface Node {
  type: string;
  start: number;
  [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function collect(file: SourceFile, text: string): void {
  const starts = [0];
  for (const line of file.lines) starts.push((starts.at(-1) ?? 0) + line.length + 1);
  const lineOf = (node: Node): number => starts.findLastIndex((start) => start <= node.start) + 1;

  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands on no other parser
  walk(parseAst(text, { lang: 'ts' }), (node) => {
    const line = lineOf(node);
    const add = (facts: Fact[], what: string | undefined): void => {
      if (what !== undefined) facts.push({ what, line });
    };
    const from = importOf(file.path, node);
    add(file.imports, from);
    if (node.type.startsWith('Export')) add(file.handsOn, from);
    add(file.words, wordOf(node));
    add(file.texts, textOf(node));
    add(file.titles, titleOf(node));
  });
}

function walk(value: unknown, see: (node: Node) => void): void {
  if (isNode(value)) see(value);
  if (typeof value !== 'object' || value === null) return;
  for (const child of Object.values(value)) walk(child, see);
}

function importOf(path: string, node: Node): string | undefined {
  if (!/^(Import|Export)\w*(Declaration|Expression)$|^TSImportType$/.test(node.type))
    return undefined;
  const source = textOf(node['source']);
  return source?.startsWith('.') === true ? posix.join(posix.dirname(path), source) : source;
}

function wordOf(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return nameOf(node);
    case 'MemberExpression':
      return `${nameOf(node['object'])}.${nameOf(node['property'])}`;
    case 'NewExpression':
      return `new ${nameOf(node['callee'])}(${argumentsOf(node).length === 0 ? '' : '…'})`;
    case 'TaggedTemplateExpression':
      return `${nameOf(node['tag'])}\`\``;
    default:
      return undefined;
  }
}

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateElement') return undefined;
  const { value } = node;
  const isText = typeof value === 'object' && value !== null && 'raw' in value;
  return isText ? String(value.raw) : undefined;
}

function titleOf(node: Node): string | undefined {
  if (node.type !== 'CallExpression' || !/^(test|it)$/.test(rootOf(node['callee'])))
    return undefined;
  const [title] = argumentsOf(node);
  return isNode(title) && title.type === 'Literal' ? textOf(title) : undefined;
}

/** `test` in `test`, `test.each(rows)` and `test.skipIf(no)`. */
function rootOf(node: unknown): string {
  if (!isNode(node)) return '';
  return nameOf(node) || rootOf(node['callee'] ?? node['object']);
}

function argumentsOf(node: Node): unknown[] {
  return Array.isArray(node['arguments']) ? node['arguments'] : [];
}

function nameOf(node: unknown): string {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : '';
}
