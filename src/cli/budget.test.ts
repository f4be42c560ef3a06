/** Budgets and pauses on the command line, against a real hub. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { operations } from '../contract/index.ts';
import { makeHome, type Home } from './fixture.ts';

let home: Home;

beforeEach(async () => {
  home = await makeHome();
  await home.start(['start', '--port', '0', '--no-verifier']).until('answers at');
});
afterEach(() => home.close());

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await home.run(args);
  expect(code).not.toBe(0);
  return stderr;
}

test('a budget is set, seen where it matters, and lifted', async () => {
  expect(await said('budget', 'list')).toContain('No budgets: signalbox budget set');
  const day = ['--window', 'day'];
  const set = ['budget', 'set', ...day, '--max-cost', '2.5', '--max-tokens', '50000'];
  expect(await said(...set)).toBe('project by the day: 50,000 tokens, $2.50\n');
  const submit = ['task', 'submit', 'Mend it', '--max-tokens', '400', '--max-cost', '1'];
  const id = (await home.run(submit)).stdout.trim();
  const pull = JSON.parse(await said('call', 'task.pull', '{}'));
  const { assignment } = operations['task.pull'].output.parse(pull);
  const use = { inputTokens: 300, outputTokens: 12, costMicros: 310_000 };
  const held = { taskId: id, fence: assignment?.task.fence };
  await said('call', 'task.progress', JSON.stringify({ ...held, use }));
  expect(await said('task', 'show', id)).toMatch(/budget +312 of 400 tokens, \$0\.31 of \$1\.00\n/);
  expect(await said('status')).toMatch(/spent +312 tokens, \$0\.31 today, 312 tokens, \$0\.31 in/);
  const list = await said('budget', 'list');
  expect(list).toMatch(
    /^WHOSE .*\nproject by the day +50,000 tokens, \$2\.50 +312 tokens.* open\n/,
  );
  expect(list).toMatch(new RegExp(`\n${id} +400 tokens, \\$1.00 +312 tokens, \\$0.31 +open\n`));
  await said('budget', 'set', ...day, '--max-tokens', '100');
  expect(await said('status')).toMatch(/held back +the budget of the project .*; opens in /);
  const next = (await home.run(['task', 'submit', 'Wait'])).stdout.trim();
  expect(await said('why', next)).toContain('is spent: 312 tokens used of 100');
  expect(await said('budget', 'list')).toMatch(/spent, opens in /);
  expect(await said('budget', 'remove', ...day)).toBe('project by the day: not bounded any more\n');
  expect(await said('budget', 'set', '--task', id, '--max-tokens', '1')).toContain('1 token\n');
  expect(await said('task', 'show', id)).toContain('over its budget: 312 tokens used of 1\n');
});

test('an agent is paused and resumed', async () => {
  await said('call', 'agent.connect', '{}');
  const pause = ['agent', 'pause', '--for', '5h', '--reason', 'its tool rests'];
  expect(await said(...pause)).toBe('admin is held back for 5 h: paused: its tool rests\n');
  expect(await said('agents')).toContain('held back until in');
  expect(await said('why', 'admin')).toContain('paused: its tool rests');
  expect(await said('agent', 'resume', 'admin')).toBe('admin is offered work again.\n');
});

test('a budget that is none is refused with what would be one', async () => {
  expect(await refused('budget', 'set', '--max-cost', '-1')).toContain('20 or 2.50');
  expect(await refused('budget', 'set', '--max-cost', '1e3')).toContain('20 or 2.50');
  expect(await refused('budget', 'set', '--max-tokens', 'many')).toContain('a whole number');
  expect(await refused('budget', 'set')).toContain('bounds tokens, money or both');
  const two = ['budget', 'set', '--agent', 'ada', '--task', 'x', '--max-tokens', '1'];
  expect(await refused(...two)).toContain('of an agent or of a task');
});

test.each([
  ['agent', 'trust', 'ada', '7', 'The trust cannot be `7`'],
  ['share', 'set', 'ada', '0', 'The weight cannot be `0`'],
])('`%s %s %s %s` is refused by what it was to be', async (...words) => {
  const { code, stderr } = await home.run(words.slice(0, -1));
  expect([code, stderr]).toEqual([64, expect.stringContaining(words.at(-1) ?? '')]);
});
