import { expect, test } from 'vitest';
import { ChangeState, LockState, MissedRule, Overlap, Role, TaskState } from '../contract/index.ts';
import { createProgram, usageHint } from './program.ts';
import { commands, nouns } from './table.ts';
import type { CommandEntry } from './table/entry.ts';

interface Choice {
  entry: CommandEntry;
  args: readonly string[];
  values: Readonly<Record<string, unknown>>;
}

async function choose(...argv: string[]): Promise<Choice> {
  let choice: Choice | undefined;
  const program = createProgram({
    version: '1.2.3',
    chosen: (entry, args, values) => {
      choice = { entry, args, values };
      return Promise.resolve();
    },
  });
  await program.parseAsync(argv, { from: 'user' });
  if (choice === undefined) throw new Error('nothing was chosen');
  return choice;
}

test('every command can be loaded and does not share its name', async () => {
  for (const { load } of commands) expect(await load()).toBeTypeOf('function');
  expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
});

test('every noun says what it is about', () => {
  const used = commands
    .filter(({ name }) => name.includes(' '))
    .map(({ name }) => name.split(' ')[0]);
  expect(new Set(used)).toEqual(new Set(Object.keys(nouns)));
});

test('global options stand before or after the command', async () => {
  const before = await choose('--url', 'http://a', '--json', 'task', 'show', 'tsk_1');
  const after = await choose('task', 'show', 'tsk_1', '--json', '--url', 'http://a');
  const between = await choose('task', '--json', 'show', '--url', 'http://a', 'tsk_1');
  expect(before).toMatchObject({ args: ['tsk_1'], values: { url: 'http://a', json: true } });
  expect(after).toEqual(before);
  expect(between).toEqual(before);
});

test('what stands behind -- belongs to the command of the agent', async () => {
  const ours = ['agent', 'run', '--name', 'ada', '--capability', 'ts', '--capability', 'go'];
  const theirs = ['claude', '--json', '--name', 'bob', '--', '-p'];
  const { args, values } = await choose(...ours, '--', ...theirs);
  expect(args).toEqual(theirs);
  expect(values).toMatchObject({ name: 'ada', capability: ['ts', 'go'] });
  expect(values).not.toHaveProperty('json');
});

test('start has the defaults that its help tells', async () => {
  const { values } = await choose('start', '--no-verifier');
  expect(values).toEqual({ host: '127.0.0.1', port: '8080', auth: 'token', verifier: false });
});

test('what is misspelt is refused with what may have been meant', async () => {
  await expect(choose('task', 'sumbit')).rejects.toThrow('Did you mean submit?');
  await expect(choose('statsu')).rejects.toThrow('Did you mean status?');
  await expect(choose('task', 'submit', 'x', '--chek', 'y')).rejects.toThrow('--check?');
  await expect(choose('status', 'now')).rejects.toThrow('too many arguments');
});

test('the hint that fits is that of the command which was meant', () => {
  const program = createProgram({ version: '1', chosen: () => Promise.resolve() });
  const hint = (...argv: string[]): string => usageHint(program, argv);
  expect(hint('task', 'submit', '--nope')).toBe(
    '`signalbox task submit --help` shows what there is.',
  );
  expect(hint('--json', 'task', 'nope')).toBe('`signalbox task --help` shows what there is.');
  expect(hint('nope')).toBe('`signalbox --help` shows what there is.');
});

test('a verb without its noun brings the commands that have it', () => {
  const program = createProgram({ version: '1', chosen: () => Promise.resolve() });
  expect(usageHint(program, ['submit', 'Fix it'])).toBe('Did you mean `signalbox task submit`?');
  expect(usageHint(program, ['--json', 'retry'])).toBe('Did you mean `signalbox task retry`?');
  expect(usageHint(program, ['list'])).toMatch(
    /^Did you mean `signalbox task list`, .*`signalbox token list`\?$/,
  );
});

test('whoever leaves out the -- before the command of an agent is told of it', () => {
  const program = createProgram({ version: '1', chosen: () => Promise.resolve() });
  const run = ['agent', 'run', '--name', 'ada'];
  expect(usageHint(program, [...run, 'claude', '-p', 'x'])).toContain('behind `--`');
  expect(usageHint(program, [...run, '--nme', '--', 'claude'])).toContain('--help');
});

test('whoever does not quote a cron expression is told to', () => {
  const program = createProgram({ version: '1', chosen: () => Promise.resolve() });
  const stars = ['0', '3', '*', '*', '*'];
  expect(usageHint(program, ['schedule', 'add', 'nightly', ...stars, 'Clean up'])).toContain(
    'in quotes: signalbox schedule add nightly "30 2 * * *"',
  );
  expect(usageHint(program, ['schedule', 'next', ...stars])).toContain('schedule next "*/5');
  expect(usageHint(program, ['schedule', 'add', '--nope', 'nightly'])).toContain('--help');
});

test.each([
  ['task list', TaskState.options],
  ['change list', ChangeState.options],
  ['lock list', LockState.options],
  ['schedule add', [...Overlap.options, ...MissedRule.options]],
  ['token create', Role.options],
  ['invite', Role.options.filter((role) => role !== 'admin')],
])('the help of `%s` has the words that its options take', (name, words: readonly string[]) => {
  const { options = [] } = commands.find((entry) => entry.name === name) ?? {};
  const told = options.map(({ summary }) => summary).join(' ');
  for (const word of words) expect(told).toMatch(new RegExp(`\\b${word}\\b`));
});

test('help takes the whole name of a command', async () => {
  const help = async (...words: string[]): Promise<string> => {
    const program = createProgram({ version: '1', chosen: () => Promise.resolve() });
    let said = '';
    const output = { writeOut: (text: string) => (said += text) };
    program.configureOutput(output);
    for (const command of program.commands) {
      for (const one of [command, ...command.commands]) one.configureOutput(output);
    }
    await program.parseAsync(['help', ...words], { from: 'user' }).catch((error: unknown) => {
      said += String(error);
    });
    return said;
  };
  expect(await help('task', 'submit')).toContain('signalbox task submit [options] [title]');
  expect(await help('task')).toContain('snooze');
  expect(await help()).toContain('Usage: signalbox [options] [command]');
  expect(await help('invite')).toContain('--slots');
  expect(await help('invite', 'list')).toMatch(/--cursor[^]*Global Options:[^]*--json/);
  expect(await help('invite', 'list')).not.toContain('--slots');
  expect(await help('task', 'nope')).toMatch(/no command 'nope'\n.*`signalbox task --help`/);
});
