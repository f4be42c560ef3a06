/** What comes into being by a name on the command line, and how a script takes an id. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from '../fixture.ts';

const ID = `msg_${'0'.repeat(21)}`;

let home: Home;
let hub: ScriptedHub;

beforeEach(async () => {
  home = await makeHome();
  const names = (...all: string[]): object => ({
    items: all.map((name) => ({ name })),
    nextCursor: null,
  });
  hub = await startScriptedHub(home, {
    'agent.list': () => names('nobody', 'closer'),
    'channel.list': () => names('node', 'nope'),
    'token.create': () => ({ secret: 'sbx_made' }),
    'hub.whoami': () => ({ name: 'nobodyz', role: 'agent' }),
    'message.read': () => ({ items: [], nextCursor: 0, pending: 0 }),
    'message.send': () => ({ id: ID, recipients: 1, createdAtMs: 1, cursor: 1 }),
  });
});
afterEach(async () => {
  hub.close();
  await home.close();
});

test('send prints the id alone, and tells of a channel that it has made', async () => {
  const sent = await home.run(['send', '#nope', 'Who is here?']);
  expect(sent).toMatchObject({ code: 0, stdout: `${ID}\n` });
  expect(sent.stderr).toContain('note: stored for 1 mailbox\n');
  expect(sent.stderr).toContain('note: #nope is new: this is its first message; near: #node\n');
  hub.answers['message.send'] = () => ({ id: ID, recipients: 1, createdAtMs: 1, cursor: 2 });
  expect((await home.run(['send', '#nope', 'Me.'])).stderr).not.toContain('new');
  const json = await home.run(['send', '#nope', 'Me.', '--json']);
  expect(json.stdout).toContain('"recipients":1');
  expect(json.stderr).not.toContain('stored');
});

test('an agent that a mistyped name has made is told of once', async () => {
  const first = await home.run(['inbox', '--as', 'nobodyz']);
  expect(first).toMatchObject({ code: 0, stdout: 'Nothing waits.\n' });
  expect(first.stderr).toContain('note: nobodyz is new here; near: nobody\n');
  expect((await home.run(['inbox', '--as', 'nobodyz'])).stderr).not.toContain('new');
  hub.answers['hub.whoami'] = () => ({ name: 'closer', role: 'agent' });
  expect((await home.run(['inbox', '--as', 'closer'])).stderr).not.toContain('new');
});

test('a bridge for an agent that nobody knows says so', async () => {
  const args = ['bridge', '--dir', 'signals', '--hub-agents', 'clsoer', '--agents', 'pulse'];
  const bridge = home.start(args);
  await bridge.until('note: clsoer is new here; near: closer\n');
});
