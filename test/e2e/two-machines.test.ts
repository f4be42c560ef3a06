/** A hub on one machine, an agent on another: it joins, works, and outlives a cut wire. */
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createGit } from '../../src/git/run.ts';
import { writeSample } from '../../src/cli/demo/source.ts';
import {
  bareIn,
  makeTwoMachines,
  type Machine,
  type TwoMachines,
} from '../support/two-machines.ts';

const TIMEOUT_MS = 180_000;
const WAIT = { timeout: 60_000, interval: 100 };
const git = createGit({ env: process.env });

const Started = z.object({ id: z.string() });
const Shown = z.object({
  task: z.object({ state: z.string(), attempt: z.int() }),
  attempts: z.array(z.object({ outcome: z.string().nullable() })),
});

let there: TwoMachines | string;
beforeEach(async () => {
  there = await makeTwoMachines();
  if (typeof there === 'string') return;
  const { close } = there;
  onTestFinished(close, TIMEOUT_MS);
});

async function stateOf(hub: Machine, id: string): Promise<z.infer<typeof Shown>> {
  const { stdout } = await hub.run(['task', 'show', id, '--json']);
  return Shown.parse(JSON.parse(stdout));
}

test(
  'a machine joins over the wire, and what it did while that was cut arrives once',
  async ({ skip }) => {
    if (typeof there === 'string') return skip(there);
    const { hub, other, cutWire, mendWire } = there;
    const url = `http://${hub.address}:8080`;
    const started = hub.start(['start', '--host', hub.address]);
    await expect.poll(started.said, WAIT).toContain(`answers at ${url}`);
    const { stdout: line } = await hub.run(['invite', '--agent', 'ada']);
    expect(line).toMatch(new RegExp(`^signalbox join ${url} --code \\S+\n$`));
    const joined = await other.run(line.trim().split(' ').slice(1));
    expect(joined.stdout).toContain('a sidecar has connected, beaten once, and left');
    expect(joined.stderr).toContain(`The token travels in clear to ${hub.address}:8080`);

    const dir = bareIn(hub.home);
    const { base } = await writeSample({ git, dir });
    const command = 'echo begun; sleep 4; echo there >far.txt; echo ended';
    const agent = ['agent', 'run', '--name', 'ada', '--echo', '--', 'sh', '-c', command];
    const sidecar = other.start(agent);
    await expect.poll(sidecar.said, WAIT).toContain(`connected to ${url} as ada`);
    const submit = [
      'task',
      'submit',
      'Far work',
      '--repo',
      dir,
      '--check',
      'grep -q there far.txt',
    ];
    const { stdout } = await hub.run([...submit, '--json']);
    const { id } = Started.parse(JSON.parse(stdout));
    await expect.poll(sidecar.said, WAIT).toContain('begun');

    await cutWire();
    await expect.poll(sidecar.said, WAIT).toContain('pushed');
    const agents = async () => (await hub.run(['agents'])).stdout;
    await expect.poll(agents, WAIT).toMatch(/ada +offline/);
    expect((await stateOf(hub, id)).task.state, 'nothing was heard of it').not.toBe('done');
    await mendWire();

    await expect.poll(async () => (await stateOf(hub, id)).task.state, WAIT).toBe('done');
    const { task, attempts } = await stateOf(hub, id);
    expect(task.attempt).toBe(1);
    expect(attempts).toHaveLength(1);
    const log = await git.text(['log', '--format=%s', `${base}..main`], { gitDir: dir });
    expect(log.split('\n')).toEqual(['Far work']);
    expect((await hub.run(['status'])).stdout).not.toMatch(/orphan/);

    const left = await other.run(['leave']);
    expect(left.stdout).toContain('ada: token ended at the hub');
    await expect.poll(() => sidecar.child.exitCode, WAIT).not.toBeNull();
  },
  TIMEOUT_MS,
);
