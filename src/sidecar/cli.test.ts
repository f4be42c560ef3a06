/** The sidecar with programs that speak like an agent's CLI; only the hub is scripted. */
import { chmod, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdapterKind } from './adapters/choose.ts';
import { makeBench, newTask, type Bench, type Started } from './fixture.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

const CAPTURED = join(import.meta.dirname, 'adapters', 'captured');

/** A program of this name that runs this script, with its arguments in `$OUT.args`. */
async function startCli(kind: AdapterKind, script: string, extra: string[] = []): Promise<Started> {
  const { place } = bench;
  const program = place.path('bin', kind);
  await place.write(program, `#!/bin/sh\nprintf '%s\\n' "$@" > $OUT.args\n${script}\n`);
  await chmod(program, 0o755);
  const path = [place.path('bin'), place.env['PATH']].join(delimiter);
  const env = { ...place.env, PATH: path, OUT: place.path('out'), CAPTURED };
  const started = bench.start('', { adapter: { kind }, command: extra, env });
  await bench.heard('connected');
  return started;
}

const out = (name: string): Promise<string> => readFile(bench.place.path(name), 'utf8');

test('a task goes in as a prompt, and what it did, used and said comes out', async () => {
  const task = newTask({ repository: bench.repository, body: 'Do it well.' });
  const script = `cat > $OUT.prompt; cat $CAPTURED/claude-2.1.329-done.jsonl
    echo hello > free.txt`;
  await startCli('claude', script, ['--model', 'opus']);
  bench.hub.offer(task);
  const { change, report, use, log } = await bench.called('task.complete');
  expect({ report, log }).toEqual({
    report: 'I wrote free.txt.\nIt says hello.',
    log: '→ Write free.txt\nI wrote free.txt.\nIt says hello.\n',
  });
  expect(change).toMatchObject({ branch: `signalbox/${task.id}/1` });
  expect(use).toMatchObject({ inputTokens: 2, outputTokens: 2, costMicros: 48 });
  expect(await bench.called('task.progress')).toMatchObject({ taskId: task.id });
  expect(await out('out.prompt')).toMatch(/^# Say hello\n\nDo it well\.\n\n## How this works\n/);
  expect((await out('out.args')).split('\n').slice(-4)).toEqual([
    'acceptEdits',
    '--model',
    'opus',
    '',
  ]);
});

test('a CLI that says that it failed has failed, though it exits well', async () => {
  await startCli('gemini', 'cat $CAPTURED/gemini-0.61.0-failed.jsonl; echo x > half.txt');
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  const { reason, outcome } = await bench.called('task.fail');
  expect(outcome).toBe('failed');
  expect(reason).toMatch(/exited with code 0 .*It says: .*Bad thing\..*What it made is on branch/s);
});

test('a limit of its account burns no attempt, and the sidecar rests until it ends', async () => {
  const inAnHour = String(Math.floor(Date.now() / 1_000) + 3_600);
  bench.hub.answers.set('hub.status', () => ({ nowMs: 5_000 }));
  await startCli('claude', `echo 'Claude AI usage limit reached|${inAnHour}'; exit 1`);
  bench.hub.offer(newTask());
  expect(await bench.called('task.decline')).toMatchObject({
    reason: expect.stringContaining('exited with code 1'),
    log: expect.stringContaining('usage limit reached'),
  });
  const { forMs } = await bench.heard('paused');
  expect(forMs).toBeGreaterThan(3_500_000);
  expect(forMs).toBeLessThanOrEqual(3_600_000);
  expect(await bench.called('agent.pause')).toEqual({
    untilMs: 5_000 + forMs,
    reason: expect.stringContaining('exited with code 1'),
  });
  expect(bench.hub.inputsOf('agent.drain')).toHaveLength(1);
  expect(bench.hub.inputsOf('task.fail')).toEqual([]);
});

test('when the hub says to stop, the attempt ends and says why', async () => {
  const task = newTask();
  const stop = 'The task has used its budget of 1,000 tokens.';
  const { id, fence } = task;
  bench.hub.answers.set('task.progress', () => ({ id, fence, state: 'running', stop }));
  await startCli('codex', 'cat $CAPTURED/codex-0.169.0-done.jsonl; sleep 1000');
  bench.hub.offer(task);
  expect(await bench.called('task.decline')).toMatchObject({
    reason: `The hub asked to stop. ${stop}`,
    use: { inputTokens: 2, outputTokens: 2 },
  });
});

test('a CLI that exits well without a word has done nothing', async () => {
  await startCli('codex', 'true');
  bench.hub.offer(newTask());
  expect(await bench.called('task.fail')).toMatchObject({
    outcome: 'no_change',
    reason: expect.stringMatching(/exited with code 0 .* It gave no answer\./),
  });
});

test.each([
  ['prints broken JSON', `printf '{"type":"turn.com\\n{{{{\\n'; printf '\\377\\376\\n'`],
  ['prints 100 MB without a line end', 'head -c 100000000 /dev/zero | tr "\\\\0" "{"; echo'],
  ['forks away', '(setsid sleep 1000 >/dev/null 2>&1 &) ; setsid sleep 1000 &'],
])('a CLI that %s is read on', async (_, script) => {
  await startCli('codex', `${script}\ncat $CAPTURED/codex-0.169.0-done.jsonl`);
  bench.hub.offer(newTask());
  const { report, log } = await bench.called('task.complete');
  expect(report).toBe('I wrote free.txt.\nIt says hello.');
  expect(String(log).length).toBeLessThanOrEqual(64_000);
  expect(bench.events.filter(({ kind }) => kind === 'trouble').length).toBeLessThanOrEqual(1);
});

test('a CLI that does not read its prompt is no trouble, however long that is', async () => {
  await startCli('claude', 'exec <&-; cat $CAPTURED/claude-2.1.329-done.jsonl');
  bench.hub.offer(newTask({ body: 'x'.repeat(190_000) }));
  expect(await bench.called('task.complete')).toMatchObject({ use: { outputTokens: 2 } });
});

test('a full disk under a CLI is told in its words, and its log is kept', async () => {
  await startCli('codex', 'echo begun; cat $0 > /dev/full || exit 1');
  bench.hub.offer(newTask());
  expect(await bench.called('task.fail')).toMatchObject({
    reason: expect.stringMatching(/No space left on device/),
    log: expect.stringContaining('begun\n'),
  });
});

test('a program that is not there is told before the first task', async () => {
  const env = { ...bench.place.env, PATH: bench.place.path('nothing') };
  const { ended } = bench.start('', { adapter: { kind: 'copilot' }, command: [], env });
  await expect(ended).rejects.toThrow('There is no program `copilot` in PATH.');
});

test('files that a CLI keeps for itself are no part of the change', async () => {
  const script = 'touch .aider.tags.cache; echo x > new; echo "Tokens: 5 sent, 6 received."';
  await startCli('aider', script);
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  await bench.called('task.complete');
  const { place, url } = bench;
  const tree = await place.plain(url, 'ls-tree', '--name-only', `signalbox/${task.id}/1`);
  expect(tree.split('\n')).toEqual(['.gitignore', 'README.md', 'new']);
  expect(await out('out.args')).toContain('--message-file\n');
});
