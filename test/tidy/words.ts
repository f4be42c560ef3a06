/** Words that may stand only in some places: what asks the world, and what the database is told. */
import { find, isInside, isProduct, isTest, type Rule } from './rule.ts';

const PROCESS_EDGES = ['src/core/', 'src/cli/', 'src/hooks/entry/'];
/** The client runs in browsers too: what its keys are made of is asked there, and nothing else. */
const BROWSER_EDGES = ['src/client/keys.ts'];
const SETTINGS = ['src/cli/', 'src/hooks/entry/main.ts'];

const CLOCKS = new Set(['Date.now', 'new Date()', 'performance.now', 'setTimeout', 'setInterval']);
const CHANCE = new Set([
  'Math.random',
  'randomUUID',
  'randomBytes',
  'randomInt',
  'getRandomValues',
]);
const SURROUNDINGS = new Set(['process.env', 'console']);
const MOCKS = new Set(['vi.mock', 'vi.doMock', 'vi.spyOn', 'vi.stubGlobal']);

const STATEMENTS = [
  /^\s*select\s[^]*\sfrom\s/,
  /^\s*(insert\s+into|delete\s+from|update\s+\w+\s+set)\s/,
  /^\s*(create|alter|drop)\s+(table|index)\s/,
];

function mayHoldSql(path: string): boolean {
  return path.startsWith('src/store/') || /[/-]queries\.ts$/.test(path);
}

export const words: Rule[] = [
  {
    says: 'time and chance are passed in',
    because: 'the simulator runs the real hub, so nothing may ask the clock or the dice on its own',
    breaches: (files) =>
      find(files, 'words', ({ what }, path) => {
        if (!isProduct(path)) return false;
        if (CLOCKS.has(what)) return !isInside(path, [...PROCESS_EDGES, ...BROWSER_EDGES]);
        return CHANCE.has(what) && !isInside(path, ['src/core/', ...BROWSER_EDGES]);
      }),
    broken: {
      'src/hub/a.ts': 'const now = Date.now();',
      'src/hub/b.ts': 'const now = new Date();',
      'src/hub/c.ts': 'setTimeout(() => {}, 10);',
      'src/hub/d.ts': `import { setTimeout as sleep } from 'node:timers/promises';`,
      'src/hub/e.ts': 'const id = crypto.randomUUID();',
      'src/cli/a.ts': 'const chance = Math.random();',
    },
    sound: {
      'src/core/clock.ts': 'const now = Date.now();',
      'src/cli/a.ts': 'const now = Date.now();',
      'src/hub/a.ts': 'const shown = new Date(atMs).toISOString(); // not Date.now()',
      'src/hub/a.test.ts': 'const now = Date.now();',
    },
  },
  {
    says: 'the surroundings are read at the edge of the process',
    because: 'what a hub does must follow from its settings, and what it says from its log',
    breaches: (files) =>
      find(files, 'words', ({ what }, path) => {
        return isProduct(path) && SURROUNDINGS.has(what) && !isInside(path, SETTINGS);
      }),
    broken: {
      'src/git/a.ts': `const home = process.env['HOME'];`,
      'src/hub/a.ts': `console.log('started');`,
    },
    sound: {
      'src/hooks/entry/main.ts': `const url = process.env['SIGNALBOX_URL'];`,
      'src/cli/terminal/output.ts': `console.log('text'); const home = process.env['HOME'];`,
      'src/git/a.ts': `const pid = process.pid;`,
    },
  },
  {
    says: 'SQL is written in queries.ts, in the store and in migrations',
    because: 'a table can be changed only when all that reads it can be found',
    breaches: (files) =>
      [
        ...find(files, 'texts', ({ what }) => STATEMENTS.some((start) => start.test(what))),
        ...find(files, 'words', ({ what }) => what === 'sql``'),
      ].filter(({ path }) => isProduct(path) && !mayHoldSql(path)),
    broken: {
      'src/domain/task/operations.ts': 'const a = sql`state = ${state}`;',
      'src/hub/a.ts': `const a = 'select id from tasks where state = 1';`,
      'src/hub/b.ts': 'const a = `update tasks set state = ${1}`;',
      'src/doors/a.ts': `const a = 'delete from tasks ';`,
    },
    sound: {
      'src/domain/task/queries.ts': 'const a = sql`select id from tasks where id = ${id}`;',
      'src/store/migrate.ts': `const a = 'create table migrations (name text)';`,
      'src/hub/a.ts': `const hint = 'update the task, or select another from the list';`,
    },
  },
  {
    says: 'tests use our own modules as they are',
    because: 'a test against a stand-in proves the stand-in; clock, chance and wires are passed in',
    breaches: (files) => find(files, 'words', ({ what }) => MOCKS.has(what)),
    broken: { 'src/hub/a.test.ts': `vi.mock('./b.ts');` },
    sound: { 'src/hub/a.test.ts': 'await vi.waitFor(() => expect(list).toEqual([]));' },
  },
  {
    says: 'the titles of tests are sentences',
    because: 'the list of titles is read as what the product promises',
    breaches: (files) =>
      find(files, 'titles', ({ what }, path) => {
        return isTest(path) && (what.trim().split(/\s+/).length < 3 || /[.:]$|^should /.test(what));
      }),
    broken: {
      'src/hub/a.test.ts': `test('claim', () => {});`,
      'src/hub/b.test.ts': `test.each([1])('should be claimed once', () => {});`,
      'src/hub/c.test.ts': `test.skipIf(true)('a task is claimed.', () => {});`,
    },
    sound: {
      'src/hub/a.test.ts': `test('a lapsed lease lets another agent claim', () => {});`,
      'src/hub/b.test.ts': `test.each([1])('%s is refused with its reason', () => {});`,
      'src/hub/c.ts': `pattern.test('x');`,
    },
  },
];
