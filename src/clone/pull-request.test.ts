/** Titles and bodies of pull requests: what a template may hold, and that what fills it is data. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../contract/limits.ts';
import { DEFAULT_TEMPLATE, type Facts, fill, placeholders, readTemplate } from './pull-request.ts';

const facts: Facts = {
  'task.id': 'tsk_1',
  'task.title': 'Fix the login',
  'task.body': 'It asks twice.',
  'task.checks': '- `npm test`',
  commits: '- abc1234 Ask once',
  attempt: '2',
  agent: 'ada',
  branch: 'signalbox/tsk_1/2',
  base: 'main',
};

test('without a template there is a plain one', () => {
  const { title, body } = fill(DEFAULT_TEMPLATE, facts);
  expect(title).toBe('Fix the login (tsk_1)');
  expect(body).toMatch(/^It asks twice\.\n.*abc1234 Ask once.*npm test.*attempt 2, by ada/s);
});

test('a template says title and body in its own way', () => {
  const text = '---\r\ntitle: "{agent}: {task.title}"\r\n---\r\nOn {branch}\r\n{task.body}\r\n';
  expect(fill(readTemplate(text), facts)).toEqual({
    title: 'ada: Fix the login',
    body: 'On signalbox/tsk_1/2\nIt asks twice.\n',
  });
});

test('front matter may be missing, and a line below is none', () => {
  const { title, body } = readTemplate('Body\n\n---\ntitle: "x"\n---\n');
  expect(title).toBe(DEFAULT_TEMPLATE.title);
  expect(body).toBe('Body\n\n---\ntitle: "x"\n---\n');
  expect(readTemplate('---\n---\nBody').body).toBe('Body');
  expect(readTemplate('').body).toBe('');
});

test('each placeholder is filled, in title and body', () => {
  for (const name of placeholders) {
    const { title, body } = fill({ title: `{${name}}`, body: `{${name}}` }, facts);
    expect({ title, body }, name).toEqual({ title: facts[name], body: facts[name] });
  }
});

test('a placeholder that nothing stands behind is refused with the list of those there are', () => {
  const read = (): unknown => readTemplate('---\ntitle: "{task.name}"\n---\n{nope} {agent} {nope}');
  expect(read).toThrow(
    expect.objectContaining({
      code: 'invalid_input',
      message: expect.stringMatching(/\{task\.name\}, \{nope\}\.$/),
      hint: expect.stringContaining('{task.id} {task.title}'),
    }),
  );
});

test('braces that hold no name are text, and doubled ones give single ones', () => {
  const text = 'a {} { "json": 1 } ${HOME} {{agent}} {{nope}} {Upper} {agent';
  const { body } = fill(readTemplate(text), facts);
  expect(body).toBe('a {} { "json": 1 } ${HOME} {agent} {nope} {Upper} {agent');
});

test.each([
  ['title: {task.title}', 'a title without quotes is a map'],
  ['title: ""', 'an empty title'],
  ['name: "x"', 'another field'],
  ['title: "x', 'an open quote'],
  ['- a', 'a list'],
])('front matter `%s` is refused: %s', (front) => {
  expect(() => readTemplate(`---\n${front}\n---\nBody`)).toThrow(
    expect.objectContaining({
      code: 'invalid_input',
      hint: expect.stringContaining('title: "{task.title}'),
    }),
  );
});

test('a task without a body leaves no hole at the top of the pull request', () => {
  const { body } = fill(DEFAULT_TEMPLATE, { ...facts, 'task.body': '' });
  expect(body).toMatch(/^## Commits\n/);
});

test('what the parser of YAML would warn of in a template is not written to the terminal', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  expect(readTemplate('---\ntitle: !other x\n---\n').title).toBe('x');
  // They are told in the turn after.
  await setImmediate();
  expect(warnings).toEqual([]);
});

test('what fills a placeholder is never looked at again', () => {
  const sly = { ...facts, 'task.title': '{agent} {{base}} $& $1', 'task.body': '{task.title}' };
  const { title, body } = fill({ title: '{task.title}', body: '{task.body}{task.body}' }, sly);
  expect(title).toBe('{agent} {{base}} $& $1');
  expect(body).toBe('{task.title}{task.title}');
});

test('any text comes out as it went in, between what the template says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const { body } = fill({ title: 't', body: '<{task.body}>' }, { ...facts, 'task.body': text });
      expect(body).toBe(`<${text}>`);
    }),
  );
});

test('a title is one line, and what a host would refuse for its length is cut with a word', () => {
  const long = {
    ...facts,
    'task.title': `one\ntwo\u0007 ${'x'.repeat(300)}`,
    'task.body': `😀${'y'.repeat(limits.bodyCharsMax)}`,
  };
  const { title, body } = fill(DEFAULT_TEMPLATE, long);
  expect(title).toMatch(/^one two x+…$/);
  expect(title).toHaveLength(limits.pullRequestTitleCharsMax);
  expect(body).toHaveLength(limits.pullRequestBodyCharsMax);
  expect(body).toContain('the task has all of it');
});
