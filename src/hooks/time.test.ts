/**
 * What a hook costs that has nothing to say: no words, and little time. The processes are run in
 * turn, and the quickest run of each counts: what else a machine does only ever adds, and it adds
 * more to the hook, which waits for a hub too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installEntry } from './entry-files.ts';
import { openHouse, type House } from './fixture.ts';

const ROUNDS = 21;
const FACTOR = 2.5;

async function timed(
  { env, repo }: House,
  args: readonly string[],
  told: string,
): Promise<{ ms: number; said: string }> {
  const begunMs = performance.now();
  const child = spawn(process.execPath, args, { env, cwd: repo });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(told);
  await once(child, 'close');
  return { ms: performance.now() - begunMs, said };
}

test(`a hook with nothing to say takes at most ${FACTOR} times an empty node, and no word`, async () => {
  const house = await openHouse();
  const { main } = await installEntry(house.env);
  const empty = join(house.root, 'empty.js');
  await writeFile(empty, '');
  const told = JSON.stringify({
    cwd: house.repo,
    tool_name: 'Edit',
    tool_input: { file_path: 'src/a.ts' },
  });
  const times = { empty: Infinity, edit: Infinity, prompt: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    const none = await timed(house, [empty], told);
    const edit = await timed(house, [main, 'claude', 'pre-tool-use'], told);
    const prompt = await timed(house, [main, 'claude', 'user-prompt-submit'], told);
    expect(edit.said + prompt.said).toBe('');
    // The first one makes the token of the agent.
    if (round === 0) continue;
    times.empty = Math.min(times.empty, none.ms);
    times.edit = Math.min(times.edit, edit.ms);
    times.prompt = Math.min(times.prompt, prompt.ms);
  }
  const limit = FACTOR * times.empty;
  expect(times.edit, `an edit, of ${limit} ms`).toBeLessThanOrEqual(limit);
  expect(times.prompt, `a prompt, of ${limit} ms`).toBeLessThanOrEqual(limit);
});
