/** Both directions between a hub and a folder, one bridge and what may befall it. */
import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { limits, SignalboxError } from '../contract/index.ts';
import { Desk, past, T, WAIT } from './fixture.ts';

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.open();
});
afterEach(() => desk.close());

const PING = `${T}_PING_Pulse_to_Closer.md`;
const TO_PULSE = `${T}_PIPELINE_TRANSITION_Closer_to_Pulse.md`;

describe('an agent that lives on files', () => {
  test('finds its messages in its folder, and moving one acknowledges it', async () => {
    const id = desk.hub.send('Closer', 'Pulse', {
      type: 'PIPELINE_TRANSITION',
      text: '# Take over\n',
      data: { lead_id: 'abc-123' },
    });
    desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    expect(await desk.read('pulse_inbox', TO_PULSE)).toBe(`---
id: ${id}
from: Closer
to: Pulse
type: PIPELINE_TRANSITION
sent: 2025-12-04T18:30:00.000Z
data:
  lead_id: abc-123
---

# Take over

`);
    expect(desk.hub.stateOf(id)).toBe('pending');
    await desk.process('pulse_inbox', TO_PULSE);
    await vi.waitFor(() => expect(desk.hub.stateOf(id)).toBe('acked'), WAIT);
    expect(await desk.files('pulse_inbox')).toEqual([]);
  });

  test('gives a message up with a reason by moving it to .failed', async () => {
    const id = desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    await writeFile(desk.path('pulse_inbox', '.failed', `${TO_PULSE}.reason.md`), 'No such lead\n');
    await desk.process('pulse_inbox', TO_PULSE, '.failed');
    await vi.waitFor(() => expect(desk.hub.stateOf(id)).toBe('dead'), WAIT);
    expect(desk.hub.held[0]?.delivery.reason).toBe('No such lead');

    // Put back by a person, it is written anew.
    const delivery = desk.hub.held[0]?.delivery;
    if (delivery !== undefined) delivery.state = 'pending';
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    await desk.process('pulse_inbox', TO_PULSE);
    await vi.waitFor(() => expect(desk.hub.stateOf(id)).toBe('acked'), WAIT);
  });

  test('gets two messages of one second in two files', async () => {
    const ids = [1, 2].map((number) => {
      const text = `number ${number}`;
      return desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION', text });
    });
    desk.start({ fileAgents: ['Pulse'] });
    const own = TO_PULSE.replace('.md', `.${ids[1]}.md`);
    await desk.until(['pulse_inbox'], [TO_PULSE, own].sort());
    expect(await desk.read('pulse_inbox', TO_PULSE)).toContain('number 1');
    expect(await desk.read('pulse_inbox', own)).toContain('number 2');
    for (const name of [own, TO_PULSE]) await desk.process('pulse_inbox', name);
    await vi.waitFor(() => expect(desk.hub.pending('Pulse')).toEqual([]), WAIT);
  });

  test('keeps what others drop there, which the bridge never takes', async () => {
    await desk.drop('pulse_inbox', `${T}_PING_Closer_to_Pulse.md`);
    const id = desk.hub.send('Closer', 'Pulse', { type: 'PING', text: 'of the hub' });
    desk.start();
    const own = `${T}_PING_Closer_to_Pulse.${id}.md`;
    await desk.until(['pulse_inbox'], [`${T}_PING_Closer_to_Pulse.md`, own].sort());
    expect(await desk.read('pulse_inbox', `${T}_PING_Closer_to_Pulse.md`)).toBe('Hello\n');
    await desk.process('pulse_inbox', `${T}_PING_Closer_to_Pulse.md`);
    await desk.process('pulse_inbox', own);
    await vi.waitFor(() => expect(desk.hub.stateOf(id)).toBe('acked'), WAIT);
    expect(desk.hub.held).toHaveLength(1);
  });

  test('gets a file again that was in none of the folders for long', async () => {
    desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    const { events } = desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    await rm(desk.path('pulse_inbox', TO_PULSE));
    const written = (): unknown[] => events.filter(({ kind }) => kind === 'written');
    await vi.waitFor(() => expect(written()).toHaveLength(2), WAIT);
    expect(await desk.files('pulse_inbox')).toEqual([TO_PULSE]);
  });

  test('loses the file of a message that ended elsewhere, and finds out why', async () => {
    for (const type of ['A', 'B', 'C']) desk.hub.send('Closer', 'Pulse', { type });
    desk.start({ fileAgents: ['Pulse'] });
    const name = (type: string): string => `${T}_${type}_Closer_to_Pulse.md`;
    const [a, b, c] = [name('A'), name('B'), name('C')];
    await desk.until(['pulse_inbox'], [a, b, c]);
    const [first, second, third] = desk.hub.held;
    if (first !== undefined) first.delivery.state = 'acked';
    if (second !== undefined) second.delivery.state = 'expired';
    if (third !== undefined) third.delivery.state = 'leased';
    // What is in other hands may come back.
    await desk.until(['pulse_inbox'], [c]);
    expect(await desk.files('pulse_inbox', '.processed')).toEqual([a]);
    const ended = b.replace('.md', '.ended.md');
    await desk.until(['pulse_inbox', '.failed'], [ended, `${ended}.reason.md`]);
    expect(await desk.read('pulse_inbox', '.failed', `${ended}.reason.md`)).toContain('expired');
  });
});

describe('an agent that lives on the hub', () => {
  test('gets what others drop into its folder, from those who live on files', async () => {
    await mkdir(desk.path('pulse_inbox'));
    desk.start({ hubAgents: ['Closer'] });
    const head = '---\nthread: lead-1\npriority: high\nlead_id: abc-123\n---\n\n';
    await desk.drop('closer_inbox', PING, `${head}# Over to you\n`);
    await desk.until(['closer_inbox', '.processed'], [PING]);
    const [message] = desk.hub.of('closer');
    expect(message).toMatchObject({
      from: 'pulse',
      to: { agent: 'Closer' },
      type: 'PING',
      text: '# Over to you',
      thread: 'lead-1',
      priority: 'high',
      data: { lead_id: 'abc-123', bridge: { file: PING } },
    });
    expect(await desk.files('closer_inbox')).toEqual([]);
  });

  test('hears who is claimed to be the sender where the bridge has no token for it', async () => {
    desk.start({ hubAgents: ['Closer'] });
    await desk.drop('closer_inbox', `${T}_PING_Admin_to_Closer.md`);
    await desk.drop('closer_inbox', 'note.md', '---\nfrom: closer\n---\nHello\n');
    await vi.waitFor(() => expect(desk.hub.of('closer')).toHaveLength(2), WAIT);
    expect(desk.hub.of('closer')).toMatchObject([
      { from: 'bridge', data: { bridge: { claimedFrom: 'Admin' } } },
      { from: 'bridge', data: { bridge: { claimedFrom: 'closer' } } },
    ]);
  });

  test('gets the same words again from another file', async () => {
    desk.start({ hubAgents: ['Closer'] });
    for (const count of [1, 2, 3]) {
      await desk.drop('closer_inbox', PING);
      await vi.waitFor(() => expect(desk.hub.of('closer')).toHaveLength(count), WAIT);
      await desk.until(['closer_inbox'], []);
    }
    // Between the inbox and here it lies in `.sending`.
    await vi.waitFor(async () => {
      const kept = await desk.files('closer_inbox', '.processed');
      expect(kept).toEqual([PING.replace('.md', '.2.md'), PING.replace('.md', '.3.md'), PING]);
    }, WAIT);
  });

  test('gets a file only when it is whole', async () => {
    await mkdir(desk.path('closer_inbox'));
    desk.start({ hubAgents: ['Closer'] });
    const path = desk.path('closer_inbox', PING);
    const file = await open(path, 'w');
    await file.write('---\nthread: one\n');
    const begunMs = performance.now();
    while (performance.now() - begunMs < 400) {
      await appendFile(
        path,
        'k: 1\n'.replace('k', `k${performance.now().toFixed(4).replace('.', '')}`),
      );
      await past(20);
      expect(desk.hub.of('closer')).toEqual([]);
    }
    // It stands still now, but its head has no end.
    await past(200);
    expect(desk.hub.of('closer')).toEqual([]);
    await file.close();
    await appendFile(path, '---\nThe end\n');
    await desk.until(['closer_inbox', '.processed'], [PING]);
    expect(desk.hub.of('closer')).toMatchObject([{ text: 'The end', thread: 'one' }]);
  });

  test('gets a file that came late before those whose names come after it', async () => {
    await mkdir(desk.path('closer_inbox'));
    desk.start({ hubAgents: ['Closer'], settleMs: 300 });
    await desk.drop('closer_inbox', `${T}_SECOND_Pulse_to_Closer.md`);
    await past(150);
    await desk.drop('closer_inbox', `${T}_FIRST_Pulse_to_Closer.md`);
    // One that is written to for long holds nobody back.
    await vi.waitFor(async () => {
      await appendFile(desk.path('closer_inbox', `${T}_A_Pulse_to_Closer.md`), 'more\n');
      expect(desk.hub.of('closer')).toHaveLength(2);
    }, WAIT);
    expect(desk.hub.of('closer').map(({ type }) => type)).toEqual(['FIRST', 'SECOND']);
  });

  test('never gets hidden files, drafts and other things than Markdown', async () => {
    const names = ['.hidden.md', 'a.tmp', 'b.md.part', 'c.part.md', 'd.tmp.md', 'e.txt', 'md'];
    await mkdir(desk.path('closer_inbox'));
    for (const name of names) await writeFile(desk.path('closer_inbox', name), 'Hello');
    desk.start({ hubAgents: ['Closer'] });
    await desk.drop('closer_inbox', PING);
    await desk.until(['closer_inbox', '.processed'], [PING]);
    expect(desk.hub.of('closer')).toHaveLength(1);
    for (const name of names) expect(await desk.isThere('closer_inbox', name)).toBe(true);
  });

  test('never gets again what the bridge wrote', async () => {
    const id = desk.hub.send('Closer', 'Pulse', { type: 'PIPELINE_TRANSITION' });
    const first = desk.start({ fileAgents: ['Pulse'] });
    await desk.until(['pulse_inbox'], [TO_PULSE]);
    await first.stop();
    desk.start({ fileAgents: [], hubAgents: ['Pulse', 'Closer'] });
    await desk.until(['pulse_inbox', '.failed'], [TO_PULSE, `${TO_PULSE}.reason.md`]);
    expect(await desk.read('pulse_inbox', '.failed', `${TO_PULSE}.reason.md`)).toContain(id);
    expect(desk.hub.held).toHaveLength(1);
  });

  test('gets the files of one sender in the order of their names', async () => {
    const names = Array.from(
      { length: 300 },
      (_, at) => `${T}_N${String(at).padStart(3, '0')}_Pulse_to_Closer.md`,
    );
    for (const name of names.toReversed()) await desk.drop('closer_inbox', name);
    // The hub is gone for a moment, in the middle.
    let count = 0;
    desk.hub.wire = ({ operation }, apply) => {
      if (operation === 'message.send' && ++count % 120 === 0) {
        throw new SignalboxError('unavailable', 'gone', { retryAfterMs: 1 });
      }
      return apply();
    };
    desk.start({ hubAgents: ['Closer'] });
    await vi.waitFor(() => expect(desk.hub.of('closer')).toHaveLength(300), WAIT);
    expect(desk.hub.of('closer').map(({ type }) => `${T}_${type}_Pulse_to_Closer.md`)).toEqual(
      names,
    );
  });
});

describe('in the folder of an agent on the hub', () => {
  const put: [title: string, make: (path: string) => Promise<unknown>, reason: RegExp][] = [
    ['a link', (path) => symlink('/etc/passwd', path), /no regular file/],
    ['a link to nowhere', (path) => symlink('/nowhere', path), /no regular file/],
    ['a pipe', async (path) => execFileSync('mkfifo', [path]), /no regular file/],
    ['a folder', (path) => mkdir(path), /no regular file/],
    [
      'too large a file',
      (path) => writeFile(path, Buffer.alloc(limits.bridgeFileBytesMax + 1)),
      /bytes/,
    ],
    ['a text too long', (path) => writeFile(path, 'x'.repeat(limits.messageCharsMax + 1)), /text/],
    [
      'a file that is not UTF-8',
      (path) => writeFile(path, Buffer.from([0xff, 0xfe, 0x41])),
      /UTF-8/,
    ],
    ['a NUL in the text', (path) => writeFile(path, 'a\0b'), /text/],
    [
      'front matter with an alias',
      (path) => writeFile(path, '---\na: &a [x]\nb: *a\n---\n'),
      /alias/i,
    ],
    ['front matter for another', (path) => writeFile(path, '---\nto: Scoping\n---\n'), /Scoping/],
  ];
  test.each(put)(
    '%s is refused with its reason, and nothing is lost',
    async (_title, make, reason) => {
      await mkdir(desk.path('closer_inbox'));
      await make(desk.path('closer_inbox', PING));
      const { events } = desk.start({ hubAgents: ['Closer'] });
      await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toContain('refused'), WAIT);
      expect(await desk.read('closer_inbox', '.failed', `${PING}.reason.md`)).toMatch(reason);
      expect(await desk.isThere('closer_inbox', '.failed', PING)).toBe(true);
      expect(await desk.isThere('closer_inbox', PING)).toBe(false);
      expect(desk.hub.held).toEqual([]);
    },
  );

  test.each([
    ['is addressed to another', `${T}_PING_Pulse_to_Scoping.md`],
    ['says nothing', 'README.md'],
    ['holds a new line', `${T}_PING_\n_to_Closer.md`],
    ['is as long as a name can be', `${'n'.repeat(252)}.md`],
    ['tries to climb', `..${T}_PING_..%2f.._to_Closer.md`.slice(2)],
  ])('a name that %s is refused with its reason', async (_title, name) => {
    await desk.drop('closer_inbox', 'x.txt');
    await writeFile(desk.path('closer_inbox', name), 'Hello');
    const { events } = desk.start({ hubAgents: ['Closer'] });
    await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toContain('refused'), WAIT);
    expect(await desk.files('closer_inbox')).toEqual([]);
    expect(await desk.files('closer_inbox', '.failed')).toHaveLength(2);
    expect(desk.hub.held).toEqual([]);
  });

  test('a name that is not UTF-8 is left alone, and told once', async () => {
    await mkdir(desk.path('closer_inbox'));
    const path = Buffer.concat([Buffer.from(`${desk.path('closer_inbox')}/`), Buffer.from([0xff])]);
    await writeFile(Buffer.concat([path, Buffer.from('.md')]), 'Hello');
    const { events } = desk.start({ hubAgents: ['Closer'] });
    await desk.drop('closer_inbox', PING);
    await desk.until(['closer_inbox', '.processed'], [PING]);
    await past(100);
    expect(events.map(({ kind }) => kind).filter((kind) => kind === 'trouble')).toHaveLength(1);
  });

  test('a refusal of the hub sets the file aside, and the next one goes out', async () => {
    await desk.drop('closer_inbox', `${T}_A_Pulse_to_Closer.md`);
    await desk.drop('closer_inbox', PING);
    desk.hub.wire = ({ operation }, apply) => {
      if (operation === 'message.send' && !desk.hub.said.includes('refused')) {
        desk.hub.said.push('refused');
        throw new SignalboxError('not_found', 'There is no message msg_x.');
      }
      return apply();
    };
    desk.start({ hubAgents: ['Closer'] });
    await desk.until(['closer_inbox', '.processed'], [PING]);
    const a = `${T}_A_Pulse_to_Closer.md`;
    expect(await desk.files('closer_inbox', '.failed')).toEqual([a, `${a}.reason.md`]);
  });

  test('a folder that is a link to elsewhere is not served', async () => {
    await desk.drop('elsewhere', PING);
    await symlink(desk.path('elsewhere'), desk.path('closer_inbox'));
    await expect(desk.start({ hubAgents: ['Closer'] }).ended).rejects.toThrow(/is a link/);
    await rm(desk.path('closer_inbox'));
    await mkdir(desk.path('closer_inbox'));
    await symlink(desk.path('elsewhere'), desk.path('closer_inbox', '.processed'));
    await expect(desk.start({ hubAgents: ['Closer'] }).ended).rejects.toThrow(/is a link/);
    expect(await desk.files('elsewhere')).toEqual([PING]);
  });
});
