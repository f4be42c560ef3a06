/** The commands about schedules, against a real hub. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeHome, type Home } from './fixture.ts';

let home: Home;

beforeEach(async () => {
  home = await makeHome();
  await home.start(['start', '--port', '0']).until('answers at');
});
afterEach(() => home.close());

async function said(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

const WHEN = String.raw`in \d+ \S( \d+ \S)?, \w{3} \d{4}-\d\d-\d\d`;

test('a schedule is added, looked at, run, paused, resumed and removed', async () => {
  expect(await said('schedule', 'list')).toContain('No schedules yet: signalbox schedule add');
  const rules = [
    '--repo',
    'https://example.org/a.git',
    '--zone',
    'asia/kathmandu',
    '--overlap',
    'allow',
    '--lane',
    'low',
  ];
  const add = ['schedule', 'add', 'nightly', '30 2 * * *', 'Clean up', ...rules];
  const next = new RegExp(`^nightly  active  next ${WHEN} 02:30 GMT\\+5:45\\n$`);
  expect(await said(...add)).toMatch(next);
  expect(await said('schedule', 'list')).toMatch(
    /NAME .*\nnightly +active +30 2 \* \* \* +Asia\/K\S+ +in .* - +0 +Clean up\n$/,
  );
  const [task = '', state] = (await said('schedule', 'run', 'nightly')).trim().split('  ');
  expect([task, state]).toEqual([expect.stringMatching(/^tsk_/), 'queued']);
  expect(await said('task', 'show', task)).toContain('lane  ');
  const shown = await said('schedule', 'show', 'Nightly');
  expect(shown).toContain('active  nightly\n');
  expect(shown).toMatch(new RegExp(`next +${WHEN} 02:30 GMT\\+5:45\n`));
  expect(shown).toMatch(new RegExp(`last +.*, ${task}\n`));
  expect(shown).toMatch(/counts +1 run, 0 skipped, 0 missed\n/);
  expect(shown).toMatch(/rules +overlap allow, missed one\n/);
  const why = ['why', 'nightly'];
  expect(await said(...why)).toMatch(/^active +schedule sch_[^]*waits for its next time\n +until/);
  const pause = ['schedule', 'pause', 'nightly', '--reason', 'a holiday'];
  expect(await said(...pause)).toBe('nightly  paused\n');
  expect(await said(...why)).toContain('is paused: a holiday');
  expect(await said('schedule', 'resume', 'nightly')).toMatch(next);
  expect(await said('schedule', 'remove', 'nightly')).toContain('nightly is removed');
  const { code, stderr } = await home.run(['schedule', 'show', 'nightly']);
  expect([code, stderr]).toEqual([66, expect.stringContaining('no schedule nightly')]);
});

test('a task of the run before keeps a time back, without a word of leases', async () => {
  const { stderr } = await home.run(['schedule', 'add', 'weekly', '@weekly', 'Tidy up']);
  expect(stderr).toMatch(/note: no repository, so nothing lands;/);
  await said('schedule', 'run', 'weekly');
  const why = await said('why', 'weekly');
  expect(why).toMatch(/is still open[^]*held by +tsk_\S+\n +until +in [^,\n]+\n/);
});

test('the next times of an expression are shown, or why it has none', async () => {
  const times = await said('schedule', 'next', '*/5 * * * *');
  expect(times).toMatch(/^(\w{3} \d{4}-\d\d-\d\d \d\d:\d[05] UTC {2}in .*\n){5}$/);
  const two = await said('schedule', 'next', '@monthly', '--count', '2', '--zone', 'Asia/Tokyo');
  expect(two).toMatch(/^(\w{3} \d{4}-\d\d-01 00:00 GMT\+9 {2}in .*\n){2}$/);
  const never = await home.run(['schedule', 'next', '0 0 30 2 *']);
  expect([never.code, never.stdout]).toEqual([64, '']);
  expect(never.stderr).toContain('`0 0 30 2 *` never fires');
  const json = await home.run(['--json', 'schedule', 'next', '0 9 * * MON', '--count', '1']);
  expect(JSON.parse(json.stdout)).toEqual({
    cron: '0 9 * * MON',
    timeZone: 'UTC',
    runsMs: [expect.any(Number)],
  });
});
