/** Names of files and folders: what they say, what settles it, and what comes back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AgentName, MessageType, nameKey, type Message } from '../contract/index.ts';
import { Folder } from './folder.ts';
import { agentOf, fileNames, folderOf, readFileName, type FileName } from './file-name.ts';

const KNOWN = ['pulse', 'firstresponder', 'closer', 'responder'];

function read(name: string, agent = 'FirstResponder', known = KNOWN): FileName {
  return readFileName(name, { agent, isKnown: (key) => known.includes(key) });
}

const T = '20251204-183000';
const named = (type: string, from: string): FileName => ({ kind: 'named', type, from });

describe('a name is read as', () => {
  test.each<[name: string, agent: string, expected: FileName]>([
    [
      `${T}_PIPELINE_TRANSITION_Pulse_to_FirstResponder.md`,
      'FirstResponder',
      named('PIPELINE_TRANSITION', 'Pulse'),
    ],
    [
      `${T}_PIPELINE_TRANSITION_Pulse_to_first_responder.md`,
      'FirstResponder',
      named('PIPELINE_TRANSITION', 'Pulse'),
    ],
    [`${T}_PING_first_responder_to_closer.md`, 'closer', named('PING', 'first_responder')],
    [`${T}_PING_first_Responder_to_closer.md`, 'closer', named('PING', 'first_Responder')],
    [`${T}_HAND_to_ME_Pulse_to_to_to.md`, 'to_to', named('HAND_to_ME', 'Pulse')],
    [`${T}_go_to_pulse_to_Closer.md`, 'Closer', named('go_to', 'pulse')],
    [`${T}_ESCALATION_Nobody_to_Closer.md`, 'Closer', named('ESCALATION', 'Nobody')],
    [`${T}_TWO_WORDS_some_body_to_Closer.md`, 'Closer', named('TWO_WORDS', 'some_body')],
    [`${T}_TWO_WORDS_BOB_to_Closer.md`, 'Closer', named('TWO_WORDS', 'BOB')],
    [`${T}_lower_words_bob_to_Closer.md`, 'Closer', named('lower_words', 'bob')],
    [`${T}_PING_Pulse_to_Closer.msg_${'0'.repeat(21)}.md`, 'Closer', named('PING', 'Pulse')],
    [`${T}_PING_Pulse_to_Scoping.md`, 'Closer', { kind: 'misplaced', to: 'Scoping' }],
    [`${T}_PING_Pulse_to_../Closer.md`, 'Closer', { kind: 'misplaced', to: '../Closer' }],
    [`${T}_PING_Pulse_to_Closer`, 'Closer', { kind: 'plain' }],
    [`${T}_Pulse_to_Closer.md`, 'Closer', { kind: 'plain' }],
    [`${T}__to_Closer.md`, 'Closer', { kind: 'plain' }],
    [`${T}_PING_\n_to_Closer.md`, 'Closer', { kind: 'plain' }],
    ['2025-12-04_PING_Pulse_to_Closer.md', 'Closer', { kind: 'plain' }],
    ['note.md', 'Closer', { kind: 'plain' }],
  ])('%s in the folder of %s', (name, agent, expected) => {
    expect(read(name, agent)).toEqual(expected);
  });
});

test('the longest known name is the sender where several fit', () => {
  const name = `${T}_PING_FIRST_responder_to_closer.md`;
  expect(read(name, 'closer')).toEqual(named('PING', 'FIRST_responder'));
  expect(read(name, 'closer', ['responder'])).toEqual(named('PING_FIRST', 'responder'));
});

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const name = word.filter((text) => AgentName.safeParse(text).success && nameKey(text) !== '');
const type = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}$/)
  .filter((text) => MessageType.safeParse(text).success);

function message(parts: Pick<Message, 'type' | 'from' | 'to' | 'createdAtMs'>): Message {
  return {
    id: `msg_${'0'.repeat(21)}`,
    text: '',
    data: null,
    thread: null,
    replyTo: null,
    priority: 'normal',
    isSignal: false,
    expiresAtMs: null,
    ...parts,
  };
}

test('what a message is called is read again, by a longer name of the sender at most', () => {
  fc.assert(
    fc.property(type, name, name, (kind, from, to) => {
      const parts = { type: kind, from, createdAtMs: 1_764_873_000_000, to: { agent: to } };
      for (const file of fileNames(message(parts), 'ada')) {
        expect(file).toMatch(/^20251204-183000_[A-Za-z0-9._-]+\.md$/);
        expect(file.length).toBeLessThan(255);
        const said = readFileName(file, { agent: to, isKnown: (key) => key === nameKey(from) });
        if (said.kind !== 'named') throw new Error(`${file} is ${said.kind}`);
        expect(nameKey(said.from)).toBe(nameKey(from));
        expect(`${said.type}_${said.from}`).toBe(`${kind.replaceAll(/[:/]/g, '-')}_${from}`);
      }
    }),
  );
});

test('a folder is found by the agent and the agent by its folder', () => {
  expect(folderOf('FirstResponder')).toBe('first_responder_inbox');
  expect(folderOf('DeliveryPM')).toBe('delivery_pm_inbox');
  expect(folderOf('HTTPServer-2')).toBe('http_server_2_inbox');
  expect(agentOf('first_responder_inbox')).toBe('first_responder');
  for (const folder of ['_inbox', '.x_inbox', 'inbox', 'a b_inbox', 'x_inbox.old', '..inbox']) {
    expect(agentOf(folder)).toBeUndefined();
  }
  fc.assert(
    fc.property(name, (agent) => {
      expect(nameKey(agentOf(folderOf(agent)) ?? '')).toBe(nameKey(agent));
    }),
  );
});

test('no name leads out of its folder, whoever is said to have sent the message', async () => {
  const path = await mkdtemp(join(tmpdir(), 'signalbox-folder-'));
  const folder = await Folder.open(path);
  onTestFinished(async () => {
    await folder.close();
    await rm(path, { recursive: true });
  });
  for (const outside of ['', '.', '..', '../x', 'x/../../y', '/etc/passwd', 'a\0b']) {
    expect(() => folder.path(outside), outside).toThrow('no file can have the name');
  }
});
