/** Names, sizes and contents of whole files, whatever language they are in. */
import { isProduct, type Breach, type Rule } from './rule.ts';
import type { SourceFile } from './source.ts';

const COLUMNS_MAX = 100;
/** A title is one sentence, and a life cycle is one table: neither can be broken. */
const TEST_COLUMNS_MAX = 120;
const DOOR_LINES_MAX = 200;

const SAYS_NOTHING = /^(utils?|helpers?|managers?|services?|common|misc)$/;
const ROOM_FRONT = /^src\/([^/]+|domain\/[^/]+)\/index\.ts$/;

/** Each line of the files that matter, tested. */
function lines(
  files: readonly SourceFile[],
  isMeant: (path: string) => boolean,
  isBroken: (line: string) => boolean,
): Breach[] {
  return files
    .filter(({ path }) => isMeant(path))
    .flatMap(({ path, lines: all }) =>
      all.flatMap((what, index) => (isBroken(what) ? [{ path, line: index + 1, what }] : [])),
    );
}

function paths(files: readonly SourceFile[], isBroken: (path: string) => boolean): Breach[] {
  return files
    .filter(({ path }) => isBroken(path))
    .map(({ path }) => ({ path, line: 1, what: 'its name' }));
}

function columns(line: string): number {
  return Array.from(line).length;
}

function isWritten(path: string): boolean {
  return /\.(ts|mjs|sh|sql)$|^(bin|script|\.ci)\//.test(path);
}

function isWrittenTest(path: string): boolean {
  return isWritten(path) && path.endsWith('.test.ts');
}

function isWrittenProduct(path: string): boolean {
  return isWritten(path) && !isWrittenTest(path);
}

/** This folder names what it forbids. */
function isOutside(path: string): boolean {
  return !path.startsWith('test/tidy/') && path !== '.oxlintrc.json';
}

export const files: Rule[] = [
  {
    says: `a line has at most ${COLUMNS_MAX} columns`,
    because: 'two files stand side by side on a screen',
    breaches: (all) => [
      ...lines(all, isWrittenProduct, (line) => columns(line) > COLUMNS_MAX),
      ...lines(all, isWrittenTest, (line) => columns(line) > TEST_COLUMNS_MAX),
    ],
    broken: {
      'src/hub/a.ts': `// ${'x'.repeat(98)}`,
      'script/a.sh': `# ${'x'.repeat(99)}`,
      'src/hub/a.test.ts': `// ${'x'.repeat(118)}`,
    },
    sound: { 'src/hub/b.ts': `// ${'ü'.repeat(97)}`, 'README.md': 'x'.repeat(300) },
  },
  {
    says: `a door has at most ${DOOR_LINES_MAX} lines`,
    because: 'a door translates; when it grows, a rule has moved in',
    breaches: (all) =>
      all
        .filter(({ path }) => isProduct(path) && path.startsWith('src/doors/'))
        .filter(({ lines: { length } }) => length > DOOR_LINES_MAX + 1)
        .map(({ path, lines: { length } }) => ({
          path,
          line: length,
          what: `${length - 1} lines`,
        })),
    broken: { 'src/doors/a.ts': '\n'.repeat(DOOR_LINES_MAX + 1) },
    sound: {
      'src/doors/b.ts': '\n'.repeat(DOOR_LINES_MAX),
      'src/doors/b.test.ts': '\n'.repeat(300),
    },
  },
  {
    says: 'file names are kebab-case',
    because: 'a name must be the same on every file system',
    breaches: (all) =>
      paths(all, (path) => {
        if (!/^(src|test|bench|script|bin)\//.test(path)) return false;
        return !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(path.split('/').at(-1) ?? '');
      }).filter(({ path }) => !path.startsWith('src/store/migrations/')),
    broken: { 'src/hub/HubConfig.ts': '', 'test/two_words.ts': '' },
    sound: {
      'src/hub/a-b.test.ts': '',
      'src/store/migrations/0001_tasks.sql': '',
      'README.md': '',
    },
  },
  {
    says: 'a name says what is in the file',
    because: 'what has no subject of its own gathers what belongs elsewhere',
    breaches: (all) =>
      paths(all, (path) => path.split(/[/.-]/).some((part) => SAYS_NOTHING.test(part))),
    broken: { 'src/hub/utils.ts': '', 'src/task-manager.ts': '', 'src/common/a.ts': '' },
    sound: { 'src/hub/feed.ts': '', 'src/hub/commons.ts': '' },
  },
  {
    says: 'only the front of a room hands on the names of other files',
    because: 'with a second way to a name nobody knows which files belong together',
    breaches: (all) =>
      all
        .filter(({ path }) => isProduct(path) && !ROOM_FRONT.test(path))
        .flatMap(({ path, handsOn }) => handsOn.map(({ what, line }) => ({ path, line, what }))),
    broken: {
      'src/sidecar/adapters/index.ts': `export { run } from './run.ts';`,
      'src/hub/a.ts': `export * from './b.ts';`,
    },
    sound: {
      'src/domain/task/index.ts': `export { find } from './queries.ts';`,
      'src/contract/index.ts': `export * from './task.ts';`,
      'src/git/a.ts': `export const run = 1;`,
    },
  },
  {
    says: 'nothing is left for later in the code',
    because: 'what is missing belongs in an issue, where it is seen',
    breaches: (all) => lines(all, isOutside, (line) => /\b(TODO|FIXME|XXX|HACK)\b/.test(line)),
    broken: { 'script/a.sh': '# TODO: more', 'docs/a.md': 'FIXME' },
    sound: { 'src/hub/a.ts': 'const todo = 1;' },
  },
  {
    says: 'agents are told apart by their keys',
    because: 'FirstResponder and first_responder are one agent, whoever spelt its name',
    breaches: (all) =>
      lines(all, isOutside, (line) => /[!=]== (\w+\.)*(actor|reader)\.name\b/.test(line)),
    broken: { 'src/domain/a.ts': 'const isIts = row.agent === context.actor.name;' },
    sound: { 'src/domain/a.ts': 'const isIts = nameKey(row.agent) === actor.key;' },
  },
  {
    says: 'a lint rule is set aside only with a reason',
    because: 'the next reader must be able to judge whether it still holds',
    breaches: (all) =>
      lines(all, isOutside, (line) => {
        return /(ox|es)lint-disable/.test(line) && !/lint-disable\S* \S+.* -- \w/.test(line);
      }),
    broken: {
      'src/hub/a.ts': '// oxlint-disable-next-line no-console',
      'src/hub/b.ts': '/* oxlint-disable */',
    },
    sound: { 'src/hub/c.ts': '// oxlint-disable-next-line no-console -- this is the log' },
  },
  {
    says: 'no file names a folder of the machine it was written on',
    because: 'it would work there alone',
    breaches: (all) =>
      lines(all, isOutside, (line) => {
        return /(^|[\s'"`(=:])\/(root|Users\/\w+|home\/(?!ada\b|grace\b)\w+)\//.test(line);
      }),
    broken: { 'script/a.sh': 'cd /home/jo/x', 'src/a.ts': `const a = '/Users/jo/signalbox';` },
    sound: { 'src/a.test.ts': `const a = '/home/ada/project'; // ./root/main` },
  },
  {
    says: 'a path beside a module is import.meta.dirname, not part of a URL',
    because:
      'in a URL a space is %20, and the file is not found in a checkout with one in its path',
    breaches: (all) => lines(all, isOutside, (line) => /import\.meta\.url.*\.pathname/.test(line)),
    broken: { 'src/a.test.ts': `const at = new URL('./b.ts', import.meta.url).pathname;` },
    sound: { 'src/b.test.ts': `const at = join(import.meta.dirname, 'b.ts'); url.pathname;` },
  },
  {
    says: 'the lock file names no registry',
    because: 'every machine asks the registry that it was set up with',
    breaches: (all) =>
      lines(
        all,
        (path) => path === 'package-lock.json',
        (line) => /"resolved": "http/.test(line),
      ),
    broken: { 'package-lock.json': '  "resolved": "https://example.org/zod-4.6.7.tgz",' },
    sound: { 'README.md': '"resolved": "https://example.org"' },
  },
];
