import { expect, test } from 'vitest';
import { agentPlan, type AgentPlan } from './plan.ts';
import { readOptions } from '../options.ts';

function plan(
  values: Record<string, unknown>,
  args: string[] = [],
  env: Record<string, string> = {},
): AgentPlan {
  return agentPlan({ options: readOptions(values), args, env });
}

test('a command alone is run as it stands', () => {
  expect(plan({}, ['sh', '-c', 'true'])).toEqual({
    does: 'run',
    kind: 'command',
    command: ['sh', '-c', 'true'],
    capabilities: [],
    shown: null,
  });
});

test('a CLI is run with its own arguments and then those of the person, and said so', () => {
  expect(plan({ cli: 'claude' }, ['--allowedTools', 'Bash(npm test *)'])).toEqual({
    does: 'run',
    kind: 'claude',
    command: ['--allowedTools', 'Bash(npm test *)'],
    capabilities: ['cli:claude'],
    shown:
      'runs for each task: claude -p --output-format stream-json --verbose --permission-mode ' +
      "acceptEdits --allowedTools 'Bash(npm test *)'",
  });
  expect(plan({ cli: 'acp' }, ['gemini', '--acp'])).toMatchObject({
    kind: 'acp',
    command: ['gemini', '--acp'],
    shown: 'runs for each task: gemini --acp',
  });
});

test('no CLI is given leave to do everything unless the person gives it', () => {
  for (const cli of ['claude', 'codex', 'gemini', 'copilot', 'aider']) {
    expect(plan({ cli }).shown).not.toMatch(/dangerous|bypass|yolo|allow-all|danger-full/);
  }
});

test('an agent elsewhere is woken by a URL or a command', () => {
  const url = 'http://127.0.0.1:9/wake';
  const env = { SIGNALBOX_WAKE_TOKEN: 'secret' };
  expect(plan({ wakeUrl: url }, [], env)).toEqual({
    does: 'wake',
    trigger: { kind: 'url', url, token: 'secret', form: 'signalbox' },
    capabilities: [],
    shown: `wakes ${url}`,
  });
  expect(plan({ cli: 'openclaw' })).toMatchObject({
    does: 'wake',
    trigger: { kind: 'url', url: 'http://127.0.0.1:18789/hooks/wake', form: 'openclaw' },
    capabilities: ['cli:openclaw'],
  });
  expect(plan({ wakeCommand: true }, ['ssh', 'host', 'wake me'])).toMatchObject({
    trigger: { kind: 'command', command: ['ssh', 'host', 'wake me'] },
    shown: "wakes with: ssh host 'wake me'",
  });
});

test.each([
  [{}, [], /no command to run/],
  [{ cli: 'acp' }, [], /which ACP agent/],
  [{ cli: 'cluade' }, [], /--cli does not take `cluade`/],
  [{ wakeUrl: 'http://x' }, ['sh'], /one too many/],
  [{ wakeCommand: true }, [], /no command to wake/],
  [{ wakeUrl: 'http://x', cli: 'claude' }, [], /an agent elsewhere/],
  [{ wakeCommand: true, cli: 'openclaw' }, ['sh'], /one too many|woken by its URL/],
])('%j with arguments %j is refused', (values, args: string[], words) => {
  expect(() => plan(values, args)).toThrow(words);
});
