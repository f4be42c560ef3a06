import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { checkUser, isMapped, userIn } from './check-user.ts';
import { prepareLauncher, type Launcher } from './launcher.ts';
import { runCheck, type CheckJob } from './run-check.ts';
import { makeScratch, MARKER, removeScratch, sweepScratch } from './scratch.ts';
import type { Scratch, ScratchPlace } from './scratch.ts';

const clock = systemClock();
const isRoot = process.getuid?.() === 0;
const user = await checkUser();
const contained = await prepareLauncher(user);
const ids = user === null ? {} : { uid: user.uid, gid: user.gid };
const plain: Launcher = {
  user,
  isContained: false,
  launch: (command) => ({ file: '/bin/sh', args: ['-c', command], ids }),
};
/** As root both ways are there, and both must hold what is promised. */
const launchers = Object.entries(isRoot ? { contained, plain } : { plain });

let place: ScratchPlace;
let scratch: Scratch;

beforeEach(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'signalbox-test-'));
  place = { dataDir, tempDir: tmpdir(), user };
  scratch = await makeScratch(place);
  await mkdir(scratch.checkout);
  if (user !== null) await chown(scratch.checkout, user.uid, user.gid);
});

afterEach(async () => {
  await removeScratch(place, scratch.directory);
  await rm(place.dataDir, { recursive: true, force: true });
});

function run(
  command: string,
  more: Partial<CheckJob & { launcher: Launcher; graceMs: number }> = {},
) {
  const { directory, checkout: cwd, home: HOME, temp: TMPDIR } = scratch;
  const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  const env = { PATH, LANG: 'C.UTF-8', HOME, TMPDIR, [MARKER]: directory };
  const { launcher = contained, graceMs = 1_000, ...rest } = more;
  const job = { command, timeoutMs: 20_000, cwd, directory, env, ...rest };
  const { signal } = new AbortController();
  return runCheck(job, { clock, launcher, signal, graceMs });
}

/** A number of seconds to sleep that no other test uses, here or in another run. */
const mark = (): string => `${process.pid}${(marks += 1)}`;
let marks = 100;

/** Those whose arguments hold it. */
function livingWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    });
}

test('a check passes by its exit code and its output is kept', async () => {
  const { end, output } = await run('echo out; echo err >&2; exit 3');
  expect(end).toEqual({ kind: 'exit', code: 3 });
  expect(output.split('\n').toSorted()).toEqual(['', 'err', 'out']);
  expect((await run('true')).end).toEqual({ kind: 'exit', code: 0 });
});

test('a check has a clean environment and nothing to read', async () => {
  const { output } = await run('cat; env | sort; pwd; touch "$HOME/a" "$TMPDIR/b" c && echo wrote');
  const names = output.split('\n').flatMap((line) => /^([A-Za-z_]+)=/.exec(line)?.[1] ?? []);
  const ours = ['HOME', 'LANG', 'PATH', 'PWD', MARKER, 'TMPDIR'].toSorted();
  expect(names.filter((name) => name !== 'OLDPWD' && name !== '_')).toEqual(ours);
  expect(output).toContain(`\n${scratch.checkout}\nwrote`);
});

test.runIf(isRoot)('under root a check is nobody and cannot become root again', async () => {
  for (const [, launcher] of launchers) {
    const { output } = await run('id -u; id -G; cat /etc/shadow; touch ../x', { launcher });
    expect(output).toContain(`${user?.uid}\n${user?.gid}\n`);
    expect(output.match(/Permission denied/g)).toHaveLength(2);
  }
  expect((await run('grep NoNewPrivs /proc/self/status')).output).toContain('1');
});

test.each(launchers)('a check that never ends is ended in time (%s)', async (_, launcher) => {
  const command = 'trap "echo asked to end; exit 9" TERM; echo up; while :; do sleep 0.05; done';
  const gentle = await run(command, { launcher, timeoutMs: 700, graceMs: 8_000 });
  expect(gentle.end).toEqual({ kind: 'timeout', timeoutMs: 700 });
  expect(gentle.output).toContain('asked to end');
  expect(gentle.tookMs).toBeLessThan(8_000);
});

test.each(launchers)(
  'a check that will not end is ended with all that it started (%s)',
  async (_, launcher) => {
    const marked = mark();
    const away = `(setsid sleep ${marked} &) ; (cd . && exec env -i setsid sleep ${marked} &)`;
    const command = `trap "" TERM; ${away}; sleep ${marked} & while :; do sleep 1; done`;
    const { end, tookMs } = await run(command, { launcher, timeoutMs: 300 });
    expect(end.kind).toBe('timeout');
    expect(tookMs).toBeLessThan(15_000);
    expect(livingWith(marked)).toEqual([]);
  },
);

test.each(launchers)('what a check forks away does not outlive it (%s)', async (_, launcher) => {
  const marked = mark();
  const hold = `(setsid sleep ${marked} &); (env -i setsid sleep ${marked} &) ; sleep ${marked} &`;
  const { end, tookMs } = await run(`${hold} exit 0`, { launcher });
  expect(end).toEqual({ kind: 'exit', code: 0 });
  expect(tookMs).toBeLessThan(15_000);
  expect(livingWith(marked)).toEqual([]);
});

test('a check that prints without end is ended, and its last words are kept', async () => {
  const { end, output } = await run('yes 0123456789');
  expect(end.kind).toBe('flood');
  expect(output).toMatch(/^\[the first \d{8} bytes were cut\]\n/);
  expect(output.length).toBeLessThan(64_000);
});

test('long output is cut at its beginning', async () => {
  const { end, output } = await run('seq 1 200000; echo the end; exit 1');
  expect(end).toEqual({ kind: 'exit', code: 1 });
  expect(output).toMatch(/^\[the first \d+ bytes were cut\]\n[^]*the end\n$/);
});

test('output that would move a cursor or break a database becomes plain text', async () => {
  const { output } = await run(String.raw`printf 'a\033[31mred\033[0m\000b\r\nc\rd\377e\n'`);
  expect(output).toBe('ared\ufffdb\nc\nd\ufffde\n');
});

test('a check that is killed or kills its own checkout has failed, and no more', async () => {
  const killed = await run('kill -9 $$');
  expect([137, 'SIGKILL']).toContain(
    'code' in killed.end ? killed.end.code : killed.end.kind === 'signal' && killed.end.signal,
  );
  const gone = await run('rm -rf "$PWD" 2>/dev/null; rm -rf ./* .git; ls | wc -l; exit 5');
  expect(gone.end).toEqual({ kind: 'exit', code: 5 });
});

test('a check in a folder that is gone says so', async () => {
  const { end } = await run('true', { cwd: join(scratch.checkout, 'gone') });
  expect(end).toMatchObject({ kind: 'unstarted' });
});

test('a check whose result nobody waits for is ended at once', async () => {
  const stop = new AbortController();
  const marked = mark();
  const { directory, checkout: cwd } = scratch;
  const env = { PATH: '/usr/bin:/bin', [MARKER]: directory };
  const job = { command: `trap "" TERM; sleep ${marked}`, timeoutMs: 60_000, cwd, directory, env };
  const running = runCheck(job, { clock, launcher: contained, signal: stop.signal });
  while (livingWith(marked).length === 0) await clock.sleep(10);
  stop.abort();
  expect((await running).end).toEqual({ kind: 'aborted' });
  expect(livingWith(marked)).toEqual([]);
  const late = await runCheck(job, { clock, launcher: contained, signal: stop.signal });
  expect(late.end).toEqual({ kind: 'aborted' });
});

test('the folder goes whatever the check has made of it', async () => {
  const mess = 'mkdir -p a/b/c && touch a/b/c/d && chmod -R a-rwx a; mkdir e && ln -s /etc e/etc';
  const deep = 'i=0; while [ $i -lt 300 ]; do mkdir dddddddd; cd dddddddd; i=$((i+1)); done';
  await run(`${mess}; chmod 500 .; chmod 700 .; ${deep}; chmod 000 "$HOME"`);
  await removeScratch(place, scratch.directory);
  expect(() => execFileSync('ls', [scratch.directory], { stdio: 'pipe' })).toThrow(/No such file/);
  expect(readdirSync('/etc').length).toBeGreaterThan(10);
  expect(readdirSync(join(place.dataDir, 'checks'))).toEqual([]);
});

test.runIf(isRoot)('folders are made where the user of the checks can get to', async () => {
  const closed = { ...place, tempDir: await mkdtemp(join(place.dataDir, 'closed-')) };
  const elsewhere = await makeScratch(closed);
  expect(elsewhere.directory).toMatch(/^\/tmp\//);
  await removeScratch(closed, elsewhere.directory);
});

test('what a killed verifier left is swept, what a living one has is not', async () => {
  expect(await sweepScratch(place, clock)).toEqual([]);
  const script = `
    import { makeScratch } from ${JSON.stringify(join(import.meta.dirname, 'scratch.ts'))};
    const scratch = await makeScratch(JSON.parse(process.argv[1]));
    console.log(scratch.directory);
    process.kill(process.pid, 'SIGKILL');`;
  let left = '';
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(place)], {
      stdio: 'pipe',
      encoding: 'utf8',
    });
  } catch (error) {
    left = error instanceof Error && 'stdout' in error ? String(error.stdout).trim() : '';
  }
  expect(await sweepScratch(place, clock)).toEqual([left]);
  expect(readdirSync(tmpdir())).not.toContain(left.split('/').pop());
  expect(readdirSync(scratch.directory)).toContain('checkout');
});

test('the user of the checks is the nobody of the machine', () => {
  expect(userIn('root:x:0:0::/root:/bin/sh\nnobody:x:99:98::/:/sbin/nologin')).toEqual({
    name: 'nobody',
    uid: 99,
    gid: 98,
  });
  expect(userIn('nobody:x:0:0::/:/bin/sh').uid).toBe(65_534);
  expect(userIn('').uid).toBe(65_534);
});

test('a container that knows one user only has no other to run checks', () => {
  expect(isMapped('         0          0 4294967295\n', 65_534)).toBe(true);
  expect(isMapped('0 1000 1\n', 65_534)).toBe(false);
  expect(isMapped('0 1000 1\n1 100000 65536\n', 65_534)).toBe(true);
});
