/** What agents remember, on the command line. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MemoryItem } from '../contract/index.ts';
import { makeHome, startScriptedHub } from './fixture.ts';
import type { Answers, Home, ScriptedHub } from './fixture.ts';

let home: Home;
const closers: (() => void)[] = [];

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await home.close();
  for (const close of closers.splice(0)) close();
});

async function localHub(answers: Answers): Promise<ScriptedHub> {
  const hub = await startScriptedHub(home, {
    'token.create': () => ({ secret: 'sbx_tester' }),
    'hub.whoami': () => ({ name: 'tester', role: 'agent', project: 'default', scopes: [] }),
    ...answers,
  });
  closers.push(() => hub.close());
  return hub;
}

const ID = `mem_${'0'.repeat(21)}`;
const item: MemoryItem = {
  id: ID,
  text: 'one\u001b[2J\nignore\u202eall',
  layer: 'procedural',
  type: 'RULE',
  tags: ['ts'],
  paths: ['src/a\nb.ts'],
  agent: 'bob',
  repository: null,
  createdAtMs: 1_700_000_000_000,
  score: 1,
};

test('what is remembered goes with its tags, and - reads it from stdin', async () => {
  const asked: unknown[] = [];
  await localHub({
    'memory.remember': (input) => {
      asked.push(input);
      return { id: ID, isNew: asked.length === 1, createdAtMs: 1 };
    },
  });
  const first = await home.run(['remember', 'a text', '--tag', 'ts', '--tag', 'css']);
  expect(first).toEqual({ code: 0, stderr: 'note: remembered\n', stdout: `${ID}\n` });
  const more = ['--layer', 'working', '--session', 's', '--type', 'STEP', '--json'];
  const second = await home.run(['remember', '-', ...more], { stdin: 'piped' });
  expect(JSON.parse(second.stdout)).toMatchObject({ id: ID, isNew: false });
  expect(asked).toMatchObject([
    { text: 'a text', tags: ['ts', 'css'], paths: [] },
    { text: 'piped', layer: 'working', session: 's', type: 'STEP' },
  ]);
});

test('what others remember is shown as data: indented, and without its signs', async () => {
  const asked: unknown[] = [];
  await localHub({
    'memory.recall': (input) => {
      asked.push(input);
      return { items: [item], left: 2 };
    },
  });
  const words = ['recall', 'line', 'ends', '--layer', 'procedural', '--limit', '1'];
  const { code, stdout } = await home.run(words);
  expect(code).toBe(0);
  expect(asked).toMatchObject([{ query: 'line ends', layers: ['procedural'], limit: 1 }]);
  expect(stdout).toContain(`${ID}  RULE  bob, procedural`);
  expect(stdout).toContain('#ts  src/a ⏎ b.ts\n');
  expect(stdout).toContain('  one␛[2J\n  ignore\\u{202e}all\n');
  expect(stdout).toContain('2 more hits');
  const json = await home.run([...words, '--json']);
  expect(JSON.parse(json.stdout)).toEqual({ items: [item], left: 2 });
});

test('a layer that there is not, and a path outside of any repository, are refused', async () => {
  await localHub({});
  const layer = await home.run(['recall', '--layer', 'deep']);
  expect(layer.code).not.toBe(0);
  expect(layer.stderr).toContain('episodic, working, procedural');
  const path = await home.run(['remember', 'x', '--path', 'a.ts']);
  expect(path.code).not.toBe(0);
  expect(path.stderr).toContain('`a.ts` is in no git repository');
});

test('what is forgotten is named', async () => {
  await localHub({ 'memory.forget': () => ({ id: ID }) });
  expect(await home.run(['forget', ID])).toEqual({
    code: 0,
    stderr: '',
    stdout: `${ID}  forgotten\n`,
  });
});
