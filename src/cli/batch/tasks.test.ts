import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limits, SignalboxError } from '../../contract/index.ts';
import { createContext, type Context } from '../context.ts';
import { createOutput } from '../terminal/output.ts';
import { planLines } from './plan.ts';
import { type Order, readTasks } from './tasks.ts';

const ID = 'tsk_000000000000000000000';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-batch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function context(values: Record<string, unknown> = {}): Context {
  const { PATH } = process.env;
  const output = createOutput(process, {}, false);
  return createContext({ args: [], values, output, env: { PATH, HOME: folder }, cwd: folder });
}

interface File {
  name?: string;
  values?: Record<string, unknown>;
}

async function read(text: string | Uint8Array, file: File = {}): Promise<Order[]> {
  const { name = 'tasks.yaml', values } = file;
  await writeFile(join(folder, name), text);
  return readTasks(context(values), name);
}

async function refusal(text: string | Uint8Array, file: File = {}): Promise<SignalboxError> {
  const error: unknown = await read(text, file).catch((thrown: unknown) => thrown);
  if (error instanceof SignalboxError) return error;
  throw new Error(`it was not refused: ${JSON.stringify(error)}`);
}

/** The lines that name a place, without the name of the file. */
async function wrong(text: string, file: File = {}): Promise<string[]> {
  const { name = 'tasks.yaml' } = file;
  const lines = (await refusal(text, file)).message.split('\n').slice(1);
  return lines.map((line) => line.trim().replace(`${name}:`, ''));
}

/** Only what is said, as it goes over the wire. */
function said(orders: readonly Order[]): unknown {
  return JSON.parse(JSON.stringify(orders));
}

const WHOLE = `
defaults:
  repo: https://example.org/a.git
  checks: npm test
  lane: high
tasks:
  - ref: schema
    title: Write the schema
    body: |
      Two
      lines
    base: next
    checks: [make, make lint]
    paths: [src/schema/**]
    needs: [ts, db]
    prefers: gpu
    trust: 2
    retries: 0
    timeout: 30m
    silence: 5m
    maxTokens: 5000
    maxCost: 2.50
    uniqueEver: schema
    key: db
    deadline: 2026-12-24T18:00+01:00
    notBefore: 2026-12-01T00:00Z
  - ref: '007'
    title: 2026
    after: [schema, ${ID}]
    cancelWithout: true
  - title: A child of it
    parent: 007
    needs: []
`;

test('a file says tasks in the words of the flags, and in its defaults what they share', async () => {
  const common = { repository: 'https://example.org/a.git', lane: 'high' };
  expect(said(await read(WHOLE))).toEqual([
    {
      ...common,
      ref: 'schema',
      title: 'Write the schema',
      body: 'Two\nlines\n',
      baseBranch: 'next',
      checks: ['make', 'make lint'],
      paths: ['src/schema/**'],
      needs: ['ts', 'db'],
      prefers: ['gpu'],
      trust: 2,
      failuresMax: 1,
      timeoutMs: 30 * 60_000,
      progressTimeoutMs: 5 * 60_000,
      budget: { tokensMax: 5_000, costMicrosMax: 2_500_000 },
      unique: { key: 'schema', scope: 'ever' },
      concurrencyKey: 'db',
      deadlineMs: Date.UTC(2026, 11, 24, 17),
      notBeforeMs: Date.UTC(2026, 11, 1),
    },
    {
      ...common,
      checks: ['npm test'],
      ref: '007',
      title: '2026',
      after: ['schema', ID],
      onNeededFailure: 'cancel',
    },
    { ...common, checks: ['npm test'], title: 'A child of it', parent: '007', needs: [] },
  ]);
});

test('JSON is read too, as one value or as one task a line, and from stdin', async () => {
  const tasks = [
    { ref: 'a', title: 'A' },
    { title: 'B', after: ['a'] },
  ];
  const lines = tasks.map((task) => JSON.stringify(task)).join('\n\n');
  expect(said(await read(JSON.stringify(tasks, null, '\t'), { name: 'a.json' }))).toEqual(tasks);
  expect(said(await read(lines, { name: 'a.jsonl' }))).toEqual(tasks);
  const piped = { ...context(), readStdin: () => Promise.resolve(lines) };
  expect(said(await readTasks(piped, '-'))).toEqual(tasks);
  const yaml = { ...context(), readStdin: () => Promise.resolve('- title: A') };
  expect(said(await readTasks(yaml, '-'))).toEqual([{ title: 'A' }]);
  expect(await wrong(`${lines}\n{"title":}`, { name: 'a.jsonl' })).toEqual([
    expect.stringMatching(/^4:/),
  ]);
  expect(await wrong(`${lines}\n{"titel":"x"}`, { name: 'a.jsonl' })).toEqual([
    '4:1: title: it has none',
    '4:2: titel: there is no such field; did you mean title?',
  ]);
});

test('flags say what a task does not, before the defaults of the file do', async () => {
  const values = { lane: 'low', check: ['make'], repo: 'https://example.org/b.git' };
  const text = 'defaults: {lane: high, base: next}\ntasks: [{title: A}, {title: B, lane: urgent}]';
  expect(said(await read(text, { values }))).toMatchObject([
    { lane: 'low', checks: ['make'], baseBranch: 'next', repository: 'https://example.org/b.git' },
    { lane: 'urgent', checks: ['make'] },
  ]);
});

test('all that is wrong is told at once, with line, column and field', async () => {
  const text = `
defaults: {lane: hihg, ref: x}
tasks:
  - ref: a
    titel: A
    after: [b, c, tsk_1]
  - ref: b
    title: B
    title: C
    trust: 9
    deadline: 2026-02-31T00:00Z
    notBefore: tomorrow
  - ref: a
    title: ${'x'.repeat(limits.titleCharsMax + 1)}
    needs: [Ts, {a: b}]
    check: x
    timeout: soon
    retries: -1
  - just text
  - ref: has space
    title: ''
    body:
    repository: x`;
  expect(await wrong(text)).toEqual([
    '2:12: lane: `hihg` is none; give one of: urgent, high, normal, low',
    '2:24: ref: each task says its own; it is no default',
    '4:5: title: it has none',
    '5:5: titel: there is no such field; did you mean title?',
    '6:16: after: no task here has the ref `c`',
    expect.stringMatching(/^6:19: after: "tsk_1" is no task id/),
    '9:5: title: it stands here twice, first in line 8',
    '10:5: trust: `9` is none; give a whole number from 0 to 3',
    expect.stringMatching(/^11:5: deadline: `2026-02-31T00:00Z` is none; give a time/),
    expect.stringMatching(/^12:5: notBefore: `tomorrow` is none/),
    '13:5: ref: `a` is the task in line 4 too',
    '14:5: title: at most 200 characters',
    expect.stringMatching(/^15:13: needs: "Ts" is no capability/),
    '15:17: needs: this is no text',
    '16:5: check: there is no such field; did you mean checks?',
    expect.stringMatching(/^17:5: timeout: `soon` is none/),
    '18:5: retries: `-1` is none; give a whole number from 0 to 19',
    '19:5: a task has fields, such as `title: Fix it`',
    expect.stringMatching(/^20:5: ref: /),
    expect.stringMatching(/^21:5: title: it is empty/),
    'and 2 more',
  ]);
});

test('what is wrong in the defaults is told once, and where it stands', async () => {
  const text = 'defaults:\n  timeout: 1ms\n  checks: ["", x]\ntasks: [{title: A}, {title: B}]';
  expect(await wrong(text)).toEqual([
    expect.stringMatching(/^2:3: timeout: at least [\d,]+$/),
    expect.stringMatching(/^3:12: checks: it is empty/),
  ]);
});

test.each([
  ['nothing', '', '1:1: there are no tasks here'],
  ['only a remark', '# later', '1:1: there are no tasks here'],
  ['an empty list', '[]', '1:1: there are no tasks here'],
  ['a text', 'just text', '1:1: this is no list of tasks, and no `tasks:` with one'],
  ['fields without tasks', 'defaults: {}', '1:1: there is no `tasks`'],
  ['defaults that are a list', 'defaults: []\ntasks: [{title: A}]', '1:1: the defaults are fields'],
  [
    'a word above that is not known',
    'task: []\ntasks: [{title: A}]',
    '1:1: task: there is no such',
  ],
  ['two documents', '- title: A\n---\n- title: B', '2:1: a second document begins here'],
  ['a tab', '- title: A\n\tbody: B', '2:2: YAML takes no tabs at the beginning of a line'],
  ['an open bracket', '- title: [A', '1:12: Flow sequence in block collection'],
  ['an alias', '- &a {title: A}\n- *a', '2:3: aliases (*a) are not taken'],
  ['an alias as a text', '- {title: &t A}\n- {title: *t}', '2:11: aliases (*t) are not taken'],
  ['a merge', '- &a {title: A}\n- {<<: *a, title: B}', '2:4: <<: there is no such field'],
  ['a tag', '- title: !!js/function x', '1:24: tags (!!js/function) are not taken'],
  ['a key that is a list', '- ? [a]\n  : b\n  title: A', '1:3: a key here is no word'],
  ['a list for a text', '- title: [A]', '1:3: title: this is no text'],
  [
    'a body beside a file of it',
    '- {title: A, body: x, bodyFile: y}',
    '1:23: bodyFile: there is a body',
  ],
  [
    'a child after its parent',
    '- {ref: a, title: A}\n- {title: B, parent: a, after: [a]}',
    '2:33: after: it is a child of',
  ],
])('%s is refused, with its place', async (_what, text, problem) => {
  const [first] = await wrong(text);
  expect(first?.slice(0, problem.length)).toBe(problem);
});

test('nested aliases and nested lists end in a refusal and not in memory', async () => {
  const rows = ['a: &a0 [x, x]'];
  for (let at = 1; at < 40; at += 1) rows.push(`a${at}: &a${at} [*a${at - 1}, *a${at - 1}]`);
  expect((await refusal(rows.join('\n'))).message).toContain('aliases (*a0) are not taken');
  expect((await refusal(`- title: ${'['.repeat(100_000)}`)).message).toContain('nested too deep');
  expect((await refusal(`- title: ${'['.repeat(50)}${']'.repeat(50)}`)).message).toContain('deep');
});

test.each([
  ['a circle', [['b'], ['c'], ['a']], 'a → b → c → a'],
  ['a task that waits for itself', [['a'], [], []], 'a → a'],
])('%s is named', async (_what, [a, b, c], way) => {
  const tasks = [
    { ref: 'a', title: 'A', after: a },
    { ref: 'b', title: 'B', after: b },
    { ref: 'c', title: 'C', parent: c?.[0] },
  ];
  const [problem] = await wrong(JSON.stringify(tasks));
  expect(problem).toMatch(/after: these tasks wait for each other: /);
  expect(problem?.endsWith(way)).toBe(true);
});

test('a chain as long as a file may be is no circle, and is shown', async () => {
  const tasks = Array.from({ length: limits.tasksAtOnceMax }, (_, at) => ({
    ref: `t${at}`,
    title: 'T',
    ...(at === 0 ? {} : { after: [`t${at - 1}`] }),
  }));
  const orders = await read(JSON.stringify(tasks.toReversed()));
  expect(orders).toHaveLength(limits.tasksAtOnceMax);
  expect(planLines(createOutput(process, {}, false), orders)).toHaveLength(tasks.length + 1);
  const more = await refusal(JSON.stringify([...tasks, { title: 'One more' }]));
  expect(more.code).toBe('too_large');
  expect(more.message).toBe('tasks.yaml has 1001 tasks; 1000 are taken at once');
});

test('what is no text, too large or not there is refused before it is read', async () => {
  expect((await refusal(new Uint8Array([0x2d, 0xff, 0xfe]))).message).toContain('no text in UTF-8');
  expect((await refusal('- title: A\0')).message).toContain('no text in UTF-8');
  const large = await refusal(`- title: A\n# ${'x'.repeat(limits.batchFileBytesMax)}`);
  expect([large.code, large.message]).toEqual(['too_large', 'tasks.yaml has more than 4.0 MiB']);
  await expect(readTasks(context(), 'none.yaml')).rejects.toMatchObject({ code: 'not_found' });
  await expect(readTasks(context(), '.')).rejects.toMatchObject({ code: 'not_found' });
  const body = 'x'.repeat(190_000);
  const tasks = Array.from({ length: 6 }, () => ({ title: 'A', body }));
  expect((await refusal(JSON.stringify(tasks))).message).toContain('more than one request holds');
});

test('a body may be a file below the folder, and never one outside of it', async () => {
  await mkdir(join(folder, 'bodies'));
  await writeFile(join(folder, 'bodies/a.md'), '# A\n');
  await writeFile(join(folder, 'bodies/b.bin'), new Uint8Array([0xff]));
  await symlink('/etc/hostname', join(folder, 'bodies/c'));
  expect(said(await read('- {title: A, bodyFile: bodies/a.md}'))).toEqual([
    { title: 'A', body: '# A\n' },
  ]);
  const names = ['../x', '/etc/hostname', 'bodies/c', 'bodies/b.bin', 'bodies/none', 'bodies'];
  expect(await wrong(names.map((name) => `- {title: A, bodyFile: ${name}}`).join('\n'))).toEqual([
    '1:14: bodyFile: ../x is not below the folder of the file',
    '2:14: bodyFile: /etc/hostname is not below the folder of the file',
    '3:14: bodyFile: bodies/c is not below the folder of the file',
    '4:14: bodyFile: bodies/b.bin is no text in UTF-8',
    '5:14: bodyFile: bodies/none cannot be read (ENOENT)',
    '6:14: bodyFile: bodies cannot be read (EISDIR)',
  ]);
});

test('a repository by a path lies beside the file, and is looked at', async () => {
  execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'a.git')]);
  const orders = await read('- {title: A, repo: a.git}\n- {title: B, repo: ./a.git}');
  expect(orders.map(({ repository }) => repository)).toEqual([
    `${folder}/a.git`,
    `${folder}/a.git`,
  ]);
  expect(await wrong('- {title: A, repo: b.git}')).toEqual([
    expect.stringMatching(/^1:14: repo: There is no repository at/),
  ]);
});

test('the plan is a tree: each task once, below what it waits for last', async () => {
  const output = createOutput(process, {}, false);
  const text = `
- {ref: a, title: A}
- {ref: b, title: B, after: [a], lane: high}
- {ref: d, title: D, after: [a, b], needs: [ts]}
- {title: P, parent: a}
- {title: Alone, after: [${ID}]}`;
  expect(planLines(output, await read(text))).toEqual([
    '5 tasks',
    '├─ a  A',
    '│  ├─ b  B  after a · high',
    '│  │  └─ d  D  after a, b · needs ts',
    '│  └─ P  child of a',
    `└─ Alone  after ${ID}`,
  ]);
  const narrow = { ...output, columns: 24 };
  for (const line of planLines(narrow, await read(text))) expect(line.length).toBeLessThan(25);
});

test('the plan tells of each task what it was asked for with, its keys and times too', async () => {
  const output = createOutput(process, {}, false);
  const [, schema, seventh, child] = planLines(output, await read(WHOLE));
  expect(schema).toContain('key db · unique for ever schema');
  expect(schema).toContain('not before Tue 2026-12-01 00:00 UTC · until Thu 2026-12-24 17:00 UTC');
  expect(schema).toContain('needs ts, db · prefers gpu · trust 2');
  expect(schema).toContain('0 retries · timeout 30 m · silence 5 m · at most 5,000 tokens');
  expect(schema).toContain('2 checks · src/schema/** · https://example.org/a.git');
  expect(schema).toContain('base next');
  expect(seventh).toContain('cancelled without');
  expect(child).toContain('child of 007');
});
