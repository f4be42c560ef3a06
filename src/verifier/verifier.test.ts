import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SignalboxError, type Change } from '../contract/index.ts';
import { systemClock } from '../core/clock.ts';
import { commitElsewhere, looseCount, makePlace, scatter, type Place } from '../git/fixture.ts';
import { ScriptedHub } from './fixture.ts';
import { prepareTools, runVerifier, type VerifierEvent } from './index.ts';
import { verifyNext } from './loop.ts';
import type { Tools } from './session.ts';
import { Strikes } from './strikes.ts';

const clock = systemClock();
let strikes: Strikes;
let place: Place;
let hub: ScriptedHub;
let remote: string;
let events: VerifierEvent[];
let stop: AbortController;
let tools: Tools;

beforeEach(async () => {
  place = await makePlace();
  hub = new ScriptedHub();
  remote = await place.remote('project', { 'a.txt': 'one\n', 'b.txt': 'one\n' });
  events = [];
  stop = new AbortController();
  strikes = new Strikes();
  tools = await toolsOf(hub);
});

afterEach(async () => {
  stop.abort();
  await place.remove();
});

function portsOf(of: ScriptedHub) {
  const log = (event: VerifierEvent): void => void events.push(event);
  const env = { ...place.env, HOME: place.path('home') };
  return { client: of.client(), clock, log, env, stop: stop.signal };
}

async function toolsOf(of: ScriptedHub): Promise<Tools> {
  const options = { dataDir: place.path('data'), tempDir: '/tmp' };
  return { ...(await prepareTools(options, portsOf(of))), graceMs: 200 };
}

/** A branch that is handed in, with the checks of its task. */
async function handIn(
  files: Record<string, string>,
  checks: string[] = [],
  more: Partial<Change> = {},
): Promise<Change> {
  const baseCommit = await main();
  const branch = `signalbox/task/${hub.held.length + 1}`;
  const headCommit = await commitElsewhere(place, remote, { files, branch });
  const change = hub.submit({ branch, headCommit, baseCommit, ...more }, remote);
  hub.checks.set(change.id, checks);
  return change;
}

const main = (): Promise<string> => place.plain(remote, 'rev-parse', 'main');
const show = (path: string): Promise<string> => place.plain(remote, 'show', `main:${path}`);
const state = ({ id }: Change): string => hub.find(id).change.state;
const reason = ({ id }: Change): string => hub.find(id).change.reason ?? '';
const next = (): Promise<boolean> => verifyNext(tools, strikes);

test('a change that passes lands as the very commit that was handed in', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['test "$(cat a.txt)" = two']);
  expect(await next()).toBe(true);
  expect(await main()).toBe(change.headCommit);
  expect(hub.find(change.id).change).toMatchObject({
    state: 'landed',
    testedCommit: change.headCommit,
    testedBase: change.baseCommit,
    landedCommit: change.headCommit,
  });
  const order = ['change.assess', 'change.pass', 'change.land'];
  expect(hub.operationsOf(change.id)).toEqual(order);
  expect(await next()).toBe(false);
});

test('a change is tested on the base as it is now, not as it was', async () => {
  await handIn({ 'c.txt': 'first\n' });
  await next();
  const change = await handIn({ 'a.txt': 'two\n' }, ['cat a.txt b.txt; git log --oneline | wc -l']);
  const moved = await commitElsewhere(place, remote, { files: { 'b.txt': 'moved\n' } });
  await next();
  expect(state(change)).toBe('landed');
  expect(hub.find(change.id).change.testedBase).toBe(moved);
  expect(hub.find(change.id).log).toContain('two\nmoved\n');
  expect(await place.plain(remote, 'rev-parse', 'main^')).toBe(moved);
  expect(await show('b.txt')).toBe('moved');
});

test('when the base moves between test and push the change is tested again on it', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['cat b.txt']);
  let other = '';
  hub.wire = async ({ operation }, apply) => {
    const answer = apply();
    if (operation === 'change.pass' && other === '') {
      other = await commitElsewhere(place, remote, { files: { 'b.txt': 'outside\n' } });
    }
    return answer;
  };
  await next();
  expect(state(change)).toBe('submitted');
  expect(reason(change)).toContain('main moved on');
  expect(await main()).toBe(other);
  await next();
  expect(state(change)).toBe('landed');
  expect(hub.find(change.id).change.testedBase).toBe(other);
  expect(hub.find(change.id).log).toContain('outside');
  expect(await place.plain(remote, 'rev-parse', 'main^')).toBe(other);
});

test('a check that fails goes back with its command, its end and its output', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, [
    'echo fine',
    'echo broken >&2; exit 3',
    'true',
  ]);
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toBe('The check `echo broken >&2; exit 3` ended with exit code 3.');
  const { log } = hub.find(change.id);
  expect(log).toMatch(
    /^\$ echo fine\nfine\n\[ended with exit code 0, after .* s\]\n\$ echo broken/,
  );
  expect(log).toMatch(/\nbroken\n\[ended with exit code 3, after .* s\]\n$/);
  expect(log).not.toContain('$ true');
  expect(await main()).toBe(change.baseCommit);
});

test('a check that destroys its checkout or the copy of the base harms nobody', async () => {
  const wreck =
    'git push -f origin HEAD:main; rm -rf ./* .git "$HOME"; cd / && rm -rf "$OLDPWD"; true';
  const change = await handIn({ 'a.txt': 'two\n' }, [wreck, 'echo next']);
  await next();
  expect(['landed', 'rejected']).toContain(state(change));
  const after = await handIn({ 'b.txt': 'three\n' }, ['test -f a.txt']);
  await next();
  expect(state(after)).toBe('landed');
});

test('a check is told of its change by its environment, and of nothing else', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, [
    'env; git rev-parse HEAD; git status --short',
  ]);
  await next();
  const { log } = hub.find(change.id);
  expect(log).toContain(`SIGNALBOX_TASK_ID=${change.taskId}\n`);
  expect(log).toContain(`SIGNALBOX_CHANGE_ID=${change.id}\n`);
  expect(log).toContain(`SIGNALBOX_COMMIT=${change.headCommit}\n`);
  expect(log).toContain(`SIGNALBOX_BASE_COMMIT=${change.baseCommit}\n`);
  expect(log).toContain('SIGNALBOX_BASE_BRANCH=main\n');
  expect(log).toContain('SIGNALBOX_AGENT=ada\n');
  expect(log).toContain(`\n${change.headCommit}\n`);
  expect(log).not.toMatch(/GIT_|TOKEN|VITEST|NODE_/);
  expect(state(change)).toBe('landed');
});

test('a conflict goes back with the paths and what git says', async () => {
  const change = await handIn({ 'a.txt': 'two\n' });
  await commitElsewhere(place, remote, { files: { 'a.txt': 'other\n' } });
  await next();
  expect(state(change)).toBe('conflicted');
  expect(reason(change)).toContain('conflict in a.txt');
  expect(hub.find(change.id).log).toContain('CONFLICT (content): Merge conflict in a.txt');
});

test('the policy is that of the base branch, never that of the change', async () => {
  const policy = 'version: 1\nchecks: ["grep -q one b.txt"]\n';
  await commitElsewhere(place, remote, { files: { '.signalbox/policy.yaml': policy } });
  const bad = await handIn({ 'b.txt': 'two\n' }, ['true']);
  await next();
  expect(state(bad)).toBe('rejected');
  expect(reason(bad)).toContain('grep -q one b.txt');
  const sly = await handIn({
    'b.txt': 'two\n',
    '.signalbox/policy.yaml': 'version: 1\nchecks: []\n',
  });
  await next();
  expect(state(sly)).toBe('rejected');
});

test('a change for a human waits after its checks, and lands when it is approved', async () => {
  const change = await handIn({ '.github/workflows/ci.yml': 'on: push\n' }, ['true']);
  await next();
  expect(state(change)).toBe('awaiting');
  expect(await main()).toBe(change.baseCommit);
  expect(await next()).toBe(false);
  Object.assign(hub.find(change.id).change, { approvedBy: 'grace', state: 'submitted' });
  await next();
  expect(state(change)).toBe('landed');
});

test.each([
  ['too large', 'x'.repeat(100_001), /has 100001 bytes/],
  ['not a text', 'version: 1\0', /NUL/],
])('a policy file that is %s does not pass for none', async (_, text, words) => {
  await commitElsewhere(place, remote, { files: { '.signalbox/policy.yaml': text } });
  const change = await handIn({ 'a.txt': 'two\n' });
  await next();
  expect(state(change)).toBe('awaiting');
  expect(hub.find(change.id).assessment?.rules.join()).toMatch(words);
});

test('both places of a renamed file count', async () => {
  await commitElsewhere(place, remote, { files: { 'docs/CODEOWNERS': '* @grace\n'.repeat(20) } });
  const work = place.path('rename');
  await place.plain(place.dir, 'clone', '--quiet', remote, work);
  await place.plain(work, 'mv', 'docs/CODEOWNERS', 'docs/old');
  await place.plain(work, 'commit', '--quiet', '--message=rename');
  await place.plain(work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/renamed');
  const headCommit = await place.plain(work, 'rev-parse', 'HEAD');
  const baseCommit = await main();
  const change = hub.submit({ branch: 'renamed', headCommit, baseCommit }, remote);
  await next();
  expect(state(change)).toBe('awaiting');
});

test('a branch that is gone is refused with a reason', async () => {
  const change = await handIn({ 'a.txt': 'two\n' });
  await place.plain(remote, 'update-ref', '-d', `refs/heads/${change.branch}`);
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toContain(`${change.branch} is not in the repository any more`);
});

test('a branch that is elsewhere is looked at again, and then refused', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, [], { headCommit: 'f'.repeat(40) });
  const delays: number[] = [];
  for (let round = 0; round < 3; round++) {
    await next();
    expect(state(change)).toBe('submitted');
    delays.push(hub.find(change.id).retryInMs);
    hub.find(change.id).availableAtMs = 0;
  }
  expect(delays[2]).toBeGreaterThan(delays[0] ?? 0);
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toContain(`and ${'f'.repeat(40)} was handed in`);
});

test('a working copy is refused with the line that makes a bare one', async () => {
  const work = place.path('copy');
  await place.plain(place.dir, 'clone', '--quiet', remote, work);
  const headCommit = await main();
  const change = hub.submit({ branch: 'x', headCommit, baseCommit: headCommit }, work);
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toContain(`git clone --bare ${work} ${work}.git`);
});

test('a repository that is away is tried again, less and less often', async () => {
  const change = await handIn({ 'a.txt': 'two\n' });
  await rename(remote, `${remote}.away`);
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    await next();
    const found = events.findLast((event) => event.kind === 'released');
    waits.push(found?.kind === 'released' ? found.retryInMs : 0);
    hub.find(change.id).availableAtMs = 0;
  }
  expect(state(change)).toBe('submitted');
  expect(reason(change)).toContain('There is no repository at');
  expect(waits[0]).toBeLessThanOrEqual(2_000);
  expect(waits[5]).toBeGreaterThan(20_000);
  await rename(`${remote}.away`, remote);
  await next();
  expect(state(change)).toBe('landed');
});

test("a push that the repository's own rules refuse is told, and at last given back", async () => {
  const change = await handIn({ 'a.txt': 'two\n' });
  const hook = join(remote, 'hooks', 'update');
  await writeFile(hook, '#!/bin/sh\necho "sign your commits" >&2\nexit 1\n');
  await chmod(hook, 0o755);
  for (let round = 0; round < 3; round++) {
    await next();
    expect(state(change)).toBe('submitted');
    expect(reason(change)).toContain('sign your commits');
    hub.find(change.id).availableAtMs = 0;
  }
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toContain('sign your commits');
  expect(await main()).toBe(change.baseCommit);
});

test('a change without a difference is refused', async () => {
  const baseCommit = await main();
  const work = place.path('empty');
  await place.plain(place.dir, 'clone', '--quiet', remote, work);
  await place.plain(work, 'commit', '--quiet', '--allow-empty', '--message=nothing');
  await place.plain(work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/empty');
  const headCommit = await place.plain(work, 'rev-parse', 'HEAD');
  const change = hub.submit({ branch: 'empty', headCommit, baseCommit }, remote);
  await next();
  expect(state(change)).toBe('rejected');
  expect(reason(change)).toContain('no change');
});

test('what the base has already is done when it passes there', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['grep two a.txt']);
  const files = { 'a.txt': 'two\n', 'c.txt': 'more\n' };
  const same = await commitElsewhere(place, remote, { files });
  await next();
  expect(state(change)).toBe('landed');
  expect(hub.find(change.id).change.landedCommit).toBe(same);
  expect(await main()).toBe(same);
});

test('a push that arrived is confirmed and not tested again', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['exit 1'], { state: 'landing' });
  const { headCommit, branch } = change;
  Object.assign(hub.find(change.id).change, { testedCommit: headCommit });
  await place.plain(remote, 'update-ref', 'refs/heads/main', headCommit);
  await place.plain(remote, 'update-ref', '-d', `refs/heads/${branch}`);
  await next();
  expect(state(change)).toBe('landed');
  expect(hub.operationsOf(change.id)).toEqual(['change.land']);
});

test('a push that did not arrive is tested again', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true'], { state: 'landing' });
  Object.assign(hub.find(change.id).change, { testedCommit: change.headCommit });
  await next();
  expect(state(change)).toBe('submitted');
  await next();
  expect(state(change)).toBe('landed');
});

test('a repository that takes a push and drops it is not pushed to without end', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true']);
  const hook = join(remote, 'hooks', 'post-receive');
  await writeFile(hook, `#!/bin/sh\ngit update-ref refs/heads/main ${change.baseCommit}\n`);
  await chmod(hook, 0o755);
  await next();
  expect(state(change)).toBe('submitted');
  expect(reason(change)).toContain('took the push');
  expect(hub.find(change.id).retryInMs).toBeGreaterThanOrEqual(1_000);
});

test('nobody is told that a push failed while nobody can know', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true']);
  hub.wire = async ({ operation }, apply) => {
    const answer = apply();
    if (operation === 'change.pass') await rename(remote, `${remote}.away`);
    return answer;
  };
  await next();
  expect(state(change)).toBe('landing');
  expect(events.at(-1)).toMatchObject({ kind: 'left' });
  hub.wire = (_, apply) => apply();
  hub.expire();
  await rename(`${remote}.away`, remote);
  await next();
  await next();
  expect(state(change)).toBe('landed');
});

test('a push that stays in doubt is tested anew, and found when it had arrived', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true'], { state: 'landing' });
  Object.assign(hub.find(change.id).change, { testedCommit: change.headCommit });
  await place.plain(remote, 'update-ref', 'refs/heads/main', change.headCommit);
  await rename(remote, `${remote}.away`);
  for (let round = 0; round < 4; round++) {
    expect(state(change)).toBe('landing');
    await next();
    hub.expire();
  }
  expect(state(change)).toBe('submitted');
  expect(reason(change)).toContain('Nobody knows whether its push arrived');
  await rename(`${remote}.away`, remote);
  hub.find(change.id).availableAtMs = 0;
  await next();
  expect(state(change)).toBe('landed');
  expect(await main()).toBe(change.headCommit);
});

test('a lost lease ends the check at once, and nothing is pushed', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, [`sleep ${process.pid}21`]);
  const isSleeping = (): boolean =>
    readdirSync('/proc').some(
      (pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`sleep\0${process.pid}21`),
    );
  const working = next();
  while (!isSleeping()) await clock.sleep(20);
  hub.expire();
  await working;
  expect(isSleeping()).toBe(false);
  expect(events.at(-1)).toMatchObject({
    kind: 'left',
    reason: expect.stringContaining('not yours'),
  });
  expect(hub.operationsOf(change.id)).toEqual(['change.assess']);
  expect(await main()).toBe(change.baseCommit);
}, 15_000);

test('a lease that is lost after the test stops the push', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true']);
  hub.wire = ({ operation }, apply) => {
    const answer = apply();
    if (operation === 'change.pass') hub.expire();
    return answer;
  };
  await next();
  expect(await main()).toBe(change.baseCommit);
  expect(state(change)).toBe('landing');
});

test('a report whose answer is lost is sent again and done once', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, ['true']);
  const lost = new Set<string>();
  hub.wire = ({ operation }, apply) => {
    const answer = apply();
    if (operation.startsWith('change.') && operation !== 'change.claim' && !lost.has(operation)) {
      lost.add(operation);
      throw new SignalboxError('unavailable', 'the hub is away', { retryAfterMs: 10 });
    }
    return answer;
  };
  await next();
  expect(state(change)).toBe('landed');
  expect(hub.operationsOf(change.id)).toEqual(['change.assess', 'change.pass', 'change.land']);
  expect([...lost]).toContain('change.land');
});

test('a verifier that is stopped breaks its check off and puts the change back', async () => {
  const change = await handIn({ 'a.txt': 'two\n' }, [`sleep ${process.pid}22`]);
  const running = runVerifier({ dataDir: place.path('data'), tempDir: '/tmp' }, portsOf(hub));
  while (!events.some(({ kind }) => kind === 'check_started')) await clock.sleep(20);
  stop.abort();
  await running;
  expect(state(change)).toBe('submitted');
  expect(reason(change)).toBe('Its verifier was stopped.');
  expect(readdirSync(place.path('data', 'checks'))).toEqual([]);
});

test('a verifier wakes for what is handed in and survives a hub that is away', async () => {
  let isAway = true;
  hub.wire = (_, apply) => {
    if (isAway) throw new SignalboxError('unavailable', 'away', { retryAfterMs: 10 });
    return apply();
  };
  // Without the poll, so that only the hint can wake it.
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    clock.sleep(ms === 5_000 ? 3_600_000 : ms, signal);
  const ports = { ...portsOf(hub), clock: { ...clock, sleep } };
  const running = runVerifier({ dataDir: place.path('data'), tempDir: '/tmp' }, ports);
  while (!events.some(({ kind }) => kind === 'hub_away')) await clock.sleep(10);
  isAway = false;
  while (!events.some(({ kind }) => kind === 'hub_back')) await clock.sleep(10);
  const change = await handIn({ 'a.txt': 'two\n' }, ['true']);
  while (state(change) !== 'landed') await clock.sleep(10);
  stop.abort();
  await running;
}, 15_000);

test('a verifier that has nothing to do packs its copies, and one that cannot be is told', async () => {
  const mirrors = place.path('data', 'mirrors');
  const first = await handIn({ 'a.txt': 'two\n' }, ['true']);
  await next();
  expect(state(first)).toBe('landed');
  const [name = ''] = readdirSync(mirrors);
  await scatter(place, join(mirrors, name));
  await mkdir(join(mirrors, 'junk', 'in'), { recursive: true });
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    clock.sleep(ms === 5_000 ? 20 : ms, signal);
  const ports = { ...portsOf(hub), clock: { ...clock, sleep } };
  const running = runVerifier({ dataDir: place.path('data'), tempDir: '/tmp' }, ports);
  const loose = (): Promise<number> => looseCount(place, join(mirrors, name));
  await vi.waitFor(async () => expect(await loose()).toBeLessThan(10), { timeout: 15_000 });
  const second = await handIn({ 'b.txt': 'two\n' }, ['true']);
  while (state(second) !== 'landed') await clock.sleep(10);
  const troubles = events.filter(({ kind }) => kind === 'trouble');
  expect(troubles).toMatchObject([{ message: expect.stringContaining(join(mirrors, 'junk')) }]);
  stop.abort();
  await running;
});

test('a verifier that the hub refuses ends with the reason', async () => {
  hub.wire = () => {
    throw new SignalboxError('forbidden', 'the role agent may not verify');
  };
  const running = runVerifier({ dataDir: place.path('data'), tempDir: '/tmp' }, portsOf(hub));
  await expect(running).rejects.toThrow('may not verify');
});

test.each([
  ['one lander a branch', true],
  ['a hub that hands a branch to both', false],
])(
  'two verifiers and an outside pusher, %s: what landed was tested on its base',
  async (_, one) => {
    hub.hasOneLander = one;
    const changes: Change[] = [];
    for (let number = 0; number < 6; number++) {
      const check = 'git diff --stat "$SIGNALBOX_BASE_COMMIT" HEAD | grep -q "1 file changed"';
      changes.push(await handIn({ [`file-${number}.txt`]: `${number}\n` }, [check]));
    }
    const running = ['data', 'data-2'].map((name) =>
      runVerifier({ dataDir: place.path(name), tempDir: '/tmp' }, portsOf(hub)),
    );
    const outside: string[] = [];
    const isOver = (change: Change): boolean => ['landed', 'rejected'].includes(state(change));
    for (let round = 0; !changes.every(isOver); round++) {
      if (round >= 6) await clock.sleep(20);
      else await pushOutside(round).then((commit) => outside.push(...commit));
    }
    stop.abort();
    await Promise.all(running);
    expect(changes.map(state)).toEqual(changes.map(() => 'landed'));
    const line = (await place.plain(remote, 'rev-list', '--first-parent', 'main')).split('\n');
    for (const { id } of changes) {
      const { landedCommit, testedCommit, testedBase } = hub.find(id).change;
      expect(landedCommit).toBe(testedCommit);
      expect(line[line.indexOf(landedCommit ?? '') + 1]).toBe(testedBase);
    }
    expect(line).toEqual(expect.arrayContaining(outside));
    expect(line).toHaveLength(1 + changes.length + outside.length);
  },
  60_000,
);

/** Nothing where the branch moved meanwhile: outsiders lose races too. */
async function pushOutside(round: number): Promise<string[]> {
  const files = { [`outside-${round}.txt`]: 'x\n' };
  const pushed = commitElsewhere(place, remote, { files });
  try {
    return [await pushed];
  } catch {
    await rm(place.path('elsewhere'), { recursive: true, force: true });
    return [];
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
