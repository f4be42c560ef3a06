/**
 * From a file to the message that it means.
 *
 * Who sent something is the token's word, and a file in a shared folder proves nothing. So a file
 * goes out under the name that it claims only where that agent lives in these folders too: then
 * the bridge holds its token, and whoever may write here could act for it anyway. All others are
 * sent as the bridge itself, with the claimed name as `data.bridge.claimedFrom`.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { nameKey, operations, SignalboxError } from '../contract/index.ts';
import type { Input } from '../contract/index.ts';
import { readFileName } from './file-name.ts';
import type { Look } from './folder.ts';
import { readLetter, type Letter } from './letter.ts';

export interface Senders {
  /** The bridge's own name. */
  bridge: string;
  /** The agent with this key whose token the bridge holds, by its name. */
  find: (key: string) => string | undefined;
  /** Is this the key of any agent here? */
  isKnown: (key: string) => boolean;
}

export function sendersOf(names: {
  bridge: string;
  files: readonly string[];
  hub: readonly string[];
}): Senders {
  const { bridge, files, hub } = names;
  const byKey = new Map(files.map((name) => [nameKey(name), name]));
  const known = new Set([...files, ...hub].map(nameKey));
  return { bridge, find: (key) => byKey.get(key), isKnown: (key) => known.has(key) };
}

export interface Draft {
  sender: string;
  recipient: string;
  input: Input<'message.send'>;
  /** Of the file itself: it is the key of its message, and stands in its data. */
  digest: string;
  look: Look;
}

interface Found {
  /** Whose folder it lies in. */
  agent: string;
  name: string;
  look: Look;
  bytes: Buffer;
}

export function draftOf(found: Found, senders: Senders): Draft | 'unfinished' | SignalboxError {
  const { name, agent, bytes } = found;
  if (bytes.length === 0) return 'unfinished';
  const file = decoded(bytes);
  if (file === undefined) return unfit(name, 'is not text in UTF-8');
  const reading = readLetter(file);
  if (reading.kind === 'unclosed') return 'unfinished';
  if (reading.kind === 'broken')
    return unfit(name, `has no clear front matter: ${reading.problem}`);
  const said = readFileName(name, { agent, isKnown: senders.isKnown });
  const { letter } = reading;
  const problem = misfit(letter, said, agent);
  if (problem !== undefined) return unfit(name, problem);
  const { from: byName, type: nameType } = said.kind === 'named' ? said : NOTHING;
  const claimed = letter.from ?? byName;
  const sender = claimed === undefined ? undefined : senders.find(nameKey(claimed));
  const digest = digestOf(found);
  const input = inputOf(letter, {
    agent,
    type: letter.type ?? nameType,
    bridge: {
      file: name,
      digest,
      ...(sender === undefined && claimed !== undefined && { claimedFrom: claimed }),
    },
  });
  const parsed = operations['message.send'].input.safeParse(input);
  if (!parsed.success) return unfit(name, `is no message: ${z.prettifyError(parsed.error)}`);
  return { sender: sender ?? senders.bridge, recipient: agent, input, digest, look: found.look };
}

const NOTHING = { from: undefined, type: undefined };

interface Envelope {
  agent: string;
  type: string | undefined;
  bridge: Record<string, string>;
}

function inputOf(letter: Letter, { agent, type, bridge }: Envelope): Input<'message.send'> {
  const { text, thread, replyTo, priority, ttl, signal } = letter;
  return {
    to: { agent },
    // Whoever has an inbox here is expected, also before it first speaks with the hub.
    unknown: 'keep',
    ...(type !== undefined && { type }),
    text,
    data: { ...letter.data, bridge },
    ...(thread !== undefined && { thread }),
    ...(replyTo !== undefined && { replyTo }),
    ...(priority !== undefined && { priority }),
    ...(ttl !== undefined && { ttlMs: ttl }),
    ...(signal !== undefined && { isSignal: signal }),
  };
}

function misfit(
  letter: Letter,
  said: ReturnType<typeof readFileName>,
  agent: string,
): string | undefined {
  if (letter.id !== undefined) return `is ${letter.id}, which the hub has already`;
  if (said.kind === 'misplaced') return `is addressed to ${said.to}, and lies with ${agent}`;
  if (letter.to !== undefined && nameKey(letter.to) !== nameKey(agent)) {
    return `is addressed to ${letter.to}, and lies with ${agent}`;
  }
  if (said.kind === 'plain' && !letter.hasHead) return 'has neither the name nor the head of one';
  return undefined;
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * What stays the same when the file is moved, and differs when the same words are sent again as
 * another file.
 */
function digestOf({ agent, name, look, bytes }: Found): string {
  const { inode, changedNs } = look;
  const hash = createHash('sha256').update(JSON.stringify([nameKey(agent), name]));
  hash.update(`${inode} ${changedNs} `).update(bytes);
  return hash.digest('base64url');
}

function unfit(name: string, problem: string): SignalboxError {
  return new SignalboxError('invalid_input', `${JSON.stringify(name)} ${problem}.`, {
    hint:
      'Name it `20251204-183000_TYPE_Sender_to_Recipient.md`; front matter may say from, type, ' +
      'thread, replyTo, priority, ttl, signal and data.',
  });
}
