/** The harness itself: the real clients do with a model, a server and hooks what they promise. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { HookAnswer } from './fixture-hook.ts';
import { EDIT_TOOLS, findTool, toolName, writeFileCall } from './gestures.ts';
import type { ClientName, Reply } from './turn.ts';
import type { Desk } from './run-client.ts';
import { addHooks, addServer, type Hooks } from './settings.ts';
import { describeClient, setStage } from './stage.ts';

const SERVER = join(import.meta.dirname, 'fixture-mcp.ts');
const HOOK = join(import.meta.dirname, 'fixture-hook.ts');

/** What each client calls the start, the prompt, the edit and the end. */
const EVENTS: Record<ClientName, [start: string, prompt: string, edit: string, end: string]> = {
  claude: ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'SessionEnd'],
  codex: ['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'SessionEnd'],
  gemini: ['SessionStart', 'BeforeAgent', 'BeforeTool', 'SessionEnd'],
};

const KEPT = z.object({ event: z.string(), stdin: z.string() });
const STDIN = z.looseObject({ hook_event_name: z.string(), session_id: z.string() });

const logOf = (desk: Desk): string => join(desk.home, 'hooks.log');

function answerOnce(desk: Desk, event: string, answer: HookAnswer): void {
  writeFileSync(join(desk.home, `${event}.json`), JSON.stringify(answer));
}

function addsContext(hookEventName: string, additionalContext: string): HookAnswer {
  return { stdout: JSON.stringify({ hookSpecificOutput: { hookEventName, additionalContext } }) };
}

function hooksFor(client: ClientName, desk: Desk): Hooks {
  const lines = EVENTS[client].map((event, index): [string, Hooks[string]] => {
    const command = `'${process.execPath}' '${HOOK}' '${logOf(desk)}' ${event}`;
    return [event, index === 2 ? { matcher: EDIT_TOOLS[client], command } : { command }];
  });
  return Object.fromEntries(lines);
}

/** The replies in their order, and a farewell after the last. */
function inOrder(replies: () => Reply[]): () => Reply {
  let next = 0;
  return () => replies()[next++] ?? { say: 'That is all.' };
}

for (const client of ['claude', 'codex', 'gemini'] satisfies ClientName[])
  describeClient(client, () => {
    test('says what the script says', async () => {
      const stage = await setStage(client, () => ({ say: 'Good day to you.' }));
      const { exitCode, stdout, stderr } = await stage.run('Greet me.');
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toContain('Good day to you.');
      expect(stage.model.turns).toHaveLength(1);
      expect(stage.model.turns[0]?.shown).toContain('Greet me.');
    });

    test('finds and calls a tool of a server over stdio', async () => {
      const knock = toolName(client, 'fixture', 'knock');
      const replies = [
        findTool(client, 'fixture', 'knock'),
        { call: { tool: knock, input: { word: 'ada' } } },
      ];
      const { model, desk, run } = await setStage(
        client,
        inOrder(() => replies),
      );
      await addServer(client, desk, {
        command: process.execPath,
        args: [SERVER, join(desk.home, 'server.log')],
      });
      const { exitCode, stderr } = await run('Knock.');
      expect(exitCode, stderr).toBe(0);
      expect(model.turns.at(-1)?.tools).toContain(knock);
      expect(model.turns.at(-1)?.results.at(-1)).toContain('who is there: ada');
    });

    test('shows the model what hooks say, and stops the edit that one refuses', async () => {
      const [start, prompt, edit, end] = EVENTS[client];
      const stage = await setStage(
        client,
        inOrder(() =>
          ['held.txt', 'free.txt'].map((name) => writeFileCall(client, path(name), 'x')),
        ),
      );
      const { model, desk } = stage;
      const path = (name: string): string => join(desk.project, name);
      await addHooks(client, desk, hooksFor(client, desk));
      answerOnce(desk, start, addsContext(start, 'the first word'));
      answerOnce(desk, prompt, addsContext(prompt, 'a word with the prompt'));
      answerOnce(desk, edit, { exitCode: 2, stderr: 'bob holds it' });

      const { exitCode, stderr } = await stage.run('Write two files.');

      expect(exitCode, stderr).toBe(0);
      expect(model.turns[0]?.shown).toContain('the first word');
      expect(model.turns[0]?.shown).toContain('a word with the prompt');
      expect(model.turns[1]?.results[0]).toContain('bob holds it');
      expect(existsSync(path('held.txt'))).toBe(false);
      expect(readFileSync(path('free.txt'), 'utf8').trim()).toBe('x');
      const lines = readFileSync(logOf(desk), 'utf8').trim().split('\n');
      const kept = lines.map((line) => KEPT.parse(JSON.parse(line)));
      expect(kept.map(({ event }) => event)).toEqual([start, prompt, edit, edit, end]);
      for (const { event, stdin } of kept)
        expect(STDIN.parse(JSON.parse(stdin)).hook_event_name).toBe(event);
    });
  });
