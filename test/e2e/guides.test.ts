/**
 * The guides, typed line by line: every block of shell commands in the order in which they stand,
 * all into one shell, which is where the block before has left it. What stays in the foreground is
 * left running, as in a terminal of its own.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { makeHome, type Home } from '../../src/cli/fixture.ts';
import { freePort } from '../support/free-port.ts';

const ROOT = join(import.meta.dirname, '../..');
const STAYS: Record<string, string> = {
  'signalbox start': 'Signalbox answers at',
  'signalbox bridge': 'ready',
  'signalbox agent run': 'connected to',
};
/** Who reads a guide has told git who they are. */
const AUTHOR = {
  GIT_AUTHOR_NAME: 'ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};
/** Where it stands in a block, that is typed on another machine: in a home of its own. */
const ELSEWHERE = '# on the other machine';
/** What stands in a guide for the code that an invite prints. */
const A_CODE = '7KQ2-M9XD-4T1R-0ZPA-6WCE';
const CODE = /(?<=--code )[0-9A-Z]{4}(?:-[0-9A-Z]{4})+/;
/** Reads the names of files and does what stands in them, as what is typed: all in one shell. */
const TERMINAL = 'exec 2>&1; while read -r block; do . "$block" < /dev/null; done';
const WAIT = { timeout: 30_000, interval: 20 };

let home: Home;
let elsewhere: Home;
const started: Shell[] = [];

afterEach(async () => {
  // A shell ends before what it started: what closes last is their common output.
  for (const { child, closed } of started.splice(0).toReversed()) {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    child.stdin.end();
    await closed;
  }
  await home.close();
  await elsewhere.close();
});

interface Shell {
  child: ChildProcessWithoutNullStreams;
  closed: Promise<unknown>;
  /** All that was printed so far, on stdout and stderr. */
  said: () => string;
  begin: (block: string) => Promise<void>;
  /** Waits for the end of the block that was typed last, and answers what it printed. */
  ended: () => Promise<string>;
}

/** A terminal that was opened at home. It is gone when a command in it fails. */
function shellAt(at: Home): Shell {
  const path = `${join(home.root, 'bin')}:${at.env['PATH']}`;
  const env = { ...at.env, ...AUTHOR, PATH: path, AGENT_ID: '' };
  const child = spawn('sh', ['-e', '-c', TERMINAL], { cwd: at.root, env, detached: true });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  let blocks = 0;
  let start = 0;
  const begin = async (block: string): Promise<void> => {
    const file = join(at.root, `.block-${child.pid}-${++blocks}`);
    start = text.length;
    await writeFile(file, `${block}\necho 'end of block ${blocks}'\n`);
    child.stdin.write(`${file}\n`);
  };
  const ended = async (): Promise<string> => {
    const end = `end of block ${blocks}\n`;
    await vi.waitFor(() => {
      if (child.exitCode === null) expect(text.slice(start)).toContain(end);
    }, WAIT);
    expect(child.exitCode, text.slice(start)).toBeNull();
    return text.slice(start, text.indexOf(end, start));
  };
  const shell = { child, closed: once(child, 'close'), said: () => text, begin, ended };
  started.push(shell);
  return shell;
}

/** Types a guide, and answers what each block printed. */
async function type(guide: string): Promise<string[]> {
  home = await makeHome();
  elsewhere = await makeHome();
  return typeText(await readFile(join(ROOT, 'docs/guides', guide), 'utf8'));
}

async function typeText(text: string): Promise<string[]> {
  await mkdir(join(home.root, 'bin'));
  const program = `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src/cli/main.ts')} "$@"\n`;
  await writeFile(join(home.root, 'bin/signalbox'), program, { mode: 0o755 });
  const blocks = Array.from(text.matchAll(/^```sh\n([^]*?)^```$/gm), ([, block = '']) => block);
  const port = await freePort();
  const printed: string[] = [];
  const [here, there] = [shellAt(home), shellAt(elsewhere)];
  for (const block of blocks) {
    // The test may not have the port to itself that a reader has.
    const moved = block.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
    const script = moved.replace(/^signalbox start$/m, `signalbox start --port ${port}`);
    const code = CODE.exec(printed.join('\n'))?.[0] ?? A_CODE;
    const typed = script.replace(A_CODE, code);
    const isElsewhere = block.includes(ELSEWHERE);
    const stays = Object.entries(STAYS).find(([command]) => block.includes(command))?.[1];
    const usual = isElsewhere ? there : here;
    const shell = stays === undefined ? usual : shellAt(isElsewhere ? elsewhere : home);
    await shell.begin(typed);
    if (stays !== undefined) await vi.waitFor(() => expect(shell.said()).toContain(stays), WAIT);
    printed.push(stays === undefined ? await shell.ended() : shell.said());
  }
  return printed;
}

test('the guide of the Markdown bridge works as it stands', async () => {
  expect(await type('markdown-bridge.md')).toHaveLength(5);
  const processed = await readdir(join(home.root, 'signals/closer_inbox/.processed'));
  expect(processed).toEqual([expect.stringMatching(/_PIPELINE_TRANSITION_Pulse_to_Closer\.md$/)]);
}, 120_000);

test('two agents talk in a minute, as their guide says', async () => {
  const printed = await type('two-agents-talking.md');
  const [, , read, acked, ladder, answer, channel, team, build, poll] = printed;
  expect(read).toContain('The parser is done, please review.');
  expect(acked).toMatch(/The parser is done[^]*Nothing waits\./);
  expect(ladder).toMatch(/stored[^]*offered[^]*seen[^]*acked/);
  expect(answer).toContain('Looks good.');
  expect(channel).toMatch(/Ada here\.[^]*Bob here\./);
  expect(team).toContain('@reviewers');
  expect(build).toContain('"commit":"abc123"');
  expect(poll).toContain('"message.acked"');
}, 120_000);

test('a case goes through seven stages, as the guide of pipelines says', async () => {
  const printed = await type('pipelines.md');
  const [, stages, , , first, others, where, refused, escalated] = printed;
  expect(stages).toContain('DeliveryPM');
  expect(first).toMatch(/PIPELINE_TRANSITION[^]*"qualified": true[^]*notes\.md/);
  expect(others?.match(/PIPELINE_TRANSITION/g)).toHaveLength(5);
  expect(where).toContain('delivery');
  expect(refused).toContain('read it again');
  expect(escalated).toContain('They want more than we may promise.');
}, 120_000);

test('a task runs by the clock, as the guide of schedules says', async () => {
  const [, next, added, ran, why, ended] = await type('schedules.md');
  expect(next).toMatch(/^(\w{3} [-\d]+ 06:30 CES?T .*\n){5}(\w{3} [-\d]+-01 00:00 UTC .*\n){2}$/);
  expect(added).toMatch(/nightly +active[^]*30 2 \* \* \* +Europe\/Berlin/);
  expect(ran).toMatch(/^tsk_\S+ +queued\n[^]*1 run, 0 skipped, 0 missed/);
  expect(why).toMatch(/waits for its next time[^]*tsk_\S+ of the run before is still open/);
  expect(ended).toMatch(/paused\n.*active[^]*nightly is removed/);
}, 120_000);

test('a file of tasks is planned, refused and submitted, as the guide of batches says', async () => {
  const printed = await type('batches.md');
  const [, , plan, refused, submitted, piped] = printed;
  expect(plan).toMatch(
    /4 tasks\n└─ invoices {2}Invoices[^]*\n {3}├─ schema[^]*api {2}Build the API/,
  );
  expect(refused).toMatch(/wrong\.yaml:15:5: lane: `hihg`[^]*did you mean schema[^]*was submitted/);
  expect(submitted).toMatch(/4 tasks: 2 blocked · 2 queued\n/);
  expect(submitted).toMatch(/changelog \(was there\)[^]*4 tasks: [^]*; 1 was there already/);
  expect(piped).toMatch(/2 tasks: 2 queued/);
}, 120_000);

test.each(['claude-code.md', 'codex.md', 'gemini-cli.md', 'cursor.md'])(
  '%s leads from nothing to two agents that do not collide',
  async (guide) => {
    const [, installed, list, refused, turn, removed] = await type(guide);
    expect(installed).toMatch(/installed/);
    expect(list).toMatch(/granted +ada[^]*src\/parser\.ts/);
    expect(refused).toMatch(/src\/\*\* \(by src\/parser\.ts\) is held by ada until/);
    expect(turn).toMatch(/Do you still need the parser\?[^]*granted[^]*src\/\*\*/);
    expect(removed).not.toBe('');
  },
  120_000,
);

test('a commit of what another one holds is refused, as the guide of Aider says', async () => {
  const [, , refused, gone] = await type('aider.md');
  expect(refused).toMatch(/src\/parser\.ts[^]*ada/);
  expect(gone).toContain('Change the parser');
}, 120_000);

test('what waits says why, as the guide of scheduling says', async () => {
  const printed = await type('scheduling.md');
  const [, , again, whys, shares, parts, budgets] = printed;
  expect(again).toContain('It was there already');
  expect(whys).toMatch(/no agent is online[^]*is not to begin yet/);
  expect(shares).toMatch(/admin +3/);
  expect(parts).toMatch(/Children[^]*Read the grammar/);
  expect(parts).toMatch(/cancelled/);
  expect(budgets).toMatch(/project by the day +\$20\.00 +nothing +open\n/);
  expect(budgets).toMatch(/tsk_\S+ +500,000 tokens +nothing +open[^]*not bounded any more/);
}, 120_000);

test('a person takes a task and hands it in, as the guide of clones says', async () => {
  const [, , begun, status, handed, landed, own, words] = await type('git-by-hand.md');
  expect(begun).toMatch(/cut from origin\/main[^]*\nsignalbox\/tsk_\w+\/1\n$/);
  expect(status).toMatch(/state .*running/);
  expect(handed).toMatch(/Not committed yet: greeting\.txt[^]*verifying/);
  expect(landed).toMatch(/^Greet in French\n\nSignalbox-Task: tsk_/);
  expect(own).toContain('Nothing to do');
  expect(words).toMatch(/^Greet in Spanish \(tsk_\w+\)\n[^]*test -f spanish\.txt/);
}, 120_000);

test('three agents on two machines work for one hub, as the guide of the first fleet says', async () => {
  const printed = await type('first-fleet.md');
  const [, , , invited, joined, , given, log] = printed;
  expect(invited).toMatch(CODE);
  expect(joined).toMatch(/Joined .* as grace/);
  for (const name of ['ada', 'grace-1', 'grace-2']) expect(given).toContain(name);
  const authors = log?.match(/^\S+(?= Note the)/gm) ?? [];
  expect(new Set(authors).size).toBe(3);
  expect(log).toMatch(/^\S+ Note that all is noted/);
}, 120_000);

test('a command becomes an agent that lands, fails and mends, as the guide of it says', async () => {
  const printed = await type('your-own-agent.md');
  const [, , , landed, tidied, , , mended, , told, hello, several] = printed;
  expect(landed).toMatch(/done {2}Note who is here[^]*Signalbox-Agent: ada/);
  expect(tidied).toBe('');
  expect(mended).toMatch(/change\.rejected[^]*again after attempt 1[^]*done {2}Greet the world/);
  expect(told).toMatch(/# Read your task\n\nWrite down what you were told\./);
  expect(hello).toMatch(/report +# Say hello/);
  expect(several).toMatch(/^tsk_\w+\n[^]*grace/);
}, 120_000);

test('the README leads from a working copy of any branch to a landed commit', async () => {
  home = await makeHome();
  elsewhere = await makeHome();
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, use = ''] = readme.split('## Use it with your own repository and agent\n');
  const [until = ''] = use.split('signalbox status --watch');
  const made = 'git init -q -b master my-project\necho x > my-project/README.md';
  const git = 'git -C my-project';
  const first = [made, `${git} add .`, `${git} commit -q -m Begin`].join('\n');
  const printed = await typeText(`\`\`\`sh\n${first}\n\`\`\`\n${until}`);
  expect(printed.at(-1)).toMatch(/done {2}Note who is here[^]*Signalbox-Agent: ada/);
}, 120_000);
