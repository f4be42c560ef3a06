/**
 * What a hook costs that has nothing to say: no words, and little time. Both processes are run in
 * turn, so that a busy machine is busy for both.
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
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
  const times = { empty: [0], edit: [0], prompt: [0] };
  for (let round = 0; round < ROUNDS; round++) {
    const none = await timed(house, [empty], told);
    const edit = await timed(house, [main, 'claude', 'pre-tool-use'], told);
    const prompt = await timed(house, [main, 'claude', 'user-prompt-submit'], told);
    expect(edit.said + prompt.said).toBe('');
    // The first one makes the token of the agent.
    if (round === 0) continue;
    times.empty.push(none.ms);
    times.edit.push(edit.ms);
    times.prompt.push(prompt.ms);
  }
  const limit = FACTOR * median(times.empty.slice(1));
  expect(median(times.edit.slice(1)), `an edit, of ${limit} ms`).toBeLessThanOrEqual(limit);
  expect(median(times.prompt.slice(1)), `a prompt, of ${limit} ms`).toBeLessThanOrEqual(limit);
});
