/** `signalbox agents` and `agent remove` against a hub that says what the test wants. */
import { afterEach, expect, test } from 'vitest';
import type { Agent } from '../contract/index.ts';
import { makeHome, startScriptedHub } from './fixture.ts';
import type { Answers, Home, ScriptedHub } from './fixture.ts';

const AT = 1_700_000_000_000;

let home: Home;
let hub: ScriptedHub | undefined;

afterEach(async () => {
  await home.close();
  hub?.close();
});

async function startHub(answers: Answers): Promise<ScriptedHub> {
  home = await makeHome();
  hub = await startScriptedHub(home, answers);
  return hub;
}

function agent(name: string, state: Agent['state'], lastSeenMs = AT): Agent {
  return {
    name,
    role: 'agent',
    state,
    capabilities: [],
    trust: 1,
    taskId: null,
    note: null,
    blockedBy: null,
    lastTask: null,
    hold: null,
    sessionId: null,
    leaseUntilMs: lastSeenMs,
    lastSeenMs,
    createdAtMs: AT,
  };
}

const namesIn = (stdout: string): string[] =>
  stdout.split('\n').flatMap((line) => /^(\w+) +(idle|working|offline)/.exec(line)?.[1] ?? []);

test('those who are here come first, then who was seen last, from whichever page', async () => {
  const pages: Record<string, object> = {
    first: { items: [agent('alf', 'offline'), agent('ben', 'idle')], nextCursor: 'second' },
    second: {
      items: [agent('cat', 'offline', AT + 5_000), agent('dan', 'working')],
      nextCursor: null,
    },
  };
  const asked: unknown[] = [];
  await startHub({
    'agent.list': (input) => {
      asked.push(input);
      return asked.length % 2 === 1 ? pages['first'] : pages['second'];
    },
  });
  const all = await home.run(['agents']);
  expect(namesIn(all.stdout)).toEqual(['ben', 'dan', 'cat', 'alf']);
  expect(asked[1]).toMatchObject({ cursor: 'second' });
  expect(all.stdout).not.toContain('more');
  const few = await home.run(['agents', '--limit', '3']);
  expect(namesIn(few.stdout)).toEqual(['ben', 'dan', 'cat']);
  expect(few.stdout).toContain('And 1 more: signalbox agents --limit 4');
});

test('an agent is removed by its name, and what ended with it is said', async () => {
  const { asked } = await startHub({ 'agent.remove': () => ({ agent: 'ada', tokens: 2 }) });
  const done = await home.run(['agent', 'remove', 'ada', '--reason', 'not needed']);
  expect(done.stdout).toBe('ada is removed, and 2 tokens with it.\n');
  expect(asked[0]).toMatchObject({ input: { agent: 'ada', reason: 'not needed' } });
});

test('a program that is missing is missed once, however many agents were to run it', async () => {
  const { asked } = await startHub({});
  const bare = { env: { PATH: '/nowhere' } };
  const { code, stdout, stderr } = await home.run(
    ['agent', 'run', '--name', 'ada', '--slots', '2', '--cli', 'codex'],
    bare,
  );
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr.trim().split('\n')).toEqual([
    'error: There is no program `codex` in PATH.',
    expect.stringMatching(/^hint: Install it/),
  ]);
  expect(asked).toEqual([]);
});

test.each([
  ['recall', ['parser']],
  ['channel list', []],
  ['channel read', ['general']],
  ['channel members', ['general']],
  ['channel stats', []],
  ['reach', ['bob']],
  ['lock list', []],
])('`%s` asks as the agent that --as names', async (words, more: string[]) => {
  const { asked } = await startHub({ 'token.create': () => ({ secret: 'sbx_of_ada' }) });
  await home.run([...words.split(' '), ...more, '--as', 'ada']);
  const made = asked.find(({ operation }) => operation === 'token.create');
  expect(made).toMatchObject({ input: { agent: 'ada' } });
  expect(asked.at(-1)).toMatchObject({ token: 'sbx_of_ada' });
});

test('an attempt is put off until its children have ended', async () => {
  const { asked } = await startHub({
    'token.create': () => ({ secret: 'sbx_of_ada' }),
    'task.snooze': () => ({ id: 'tsk_1', state: 'blocked' }),
  });
  const env = { SIGNALBOX_TASK_ID: 'tsk_1', SIGNALBOX_FENCE: '7' };
  const done = await home.run(['task', 'snooze', '--until-children-end'], { env });
  expect(done.code, done.stderr).toBe(0);
  expect(asked.at(-1)).toMatchObject({ input: { fence: 7, untilChildrenEnd: true } });
});
