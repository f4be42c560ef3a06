/**
 * What the name of a file says: `20251204-183000_PIPELINE_TRANSITION_Pulse_to_FirstResponder.md`.
 *
 *   name = time "_" type "_" sender "_to_" recipient ".md"       time = YYYYMMDD-HHMMSS, in UTC
 *
 * Types hold underscores, and so may names, so the grammar alone is ambiguous. What is known
 * settles it: the recipient is the one in whose folder the file lies, the sender the longest name
 * that is known. A sender whom nobody knows is what follows the words in upper case, or else the
 * last word. Front matter that names type and sender is believed before all of this.
 */
import { AgentName, MessageType, nameKey, type Message } from '../contract/index.ts';

const FOLDER = '_inbox';
const BETWEEN = '_to_';
const NAME = /^(\d{8}-\d{6})_(.+)\.md$/s;
const UPPER_WORDS = /^([A-Z0-9.-]+(?:_[A-Z0-9.-]+)*)_(.+)$/s;
const LAST_WORD = /^(.+)_([^_]+)$/s;
/** Added where two messages would have one name. */
const ID = /\.msg_[0-9a-z]{21}$/;

/** `FirstResponder` has the folder `first_responder_inbox`. */
export function folderOf(agent: string): string {
  const words = agent.replaceAll(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4');
  return `${words.replaceAll('-', '_').toLowerCase()}${FOLDER}`;
}

/** Undefined where the folder is no inbox. */
export function agentOf(folder: string): string | undefined {
  if (!folder.endsWith(FOLDER)) return undefined;
  const name = AgentName.safeParse(folder.slice(0, -FOLDER.length));
  return name.success && nameKey(name.data) !== '' ? name.data : undefined;
}

/** The name of a message's file, and the one it gets where that name is another's already. */
export function fileNames(message: Message, agent: string): [plain: string, own: string] {
  // As its sender wrote the name, unless it came by way of a team.
  const recipient = 'agent' in message.to ? message.to.agent : agent;
  const time = new Date(message.createdAtMs).toISOString().replaceAll(/[-:]|\..*/g, '');
  const type = message.type.replaceAll(/[^A-Za-z0-9._-]/g, '-');
  const words = [time.replace('T', '-'), type, message.from].join('_') + BETWEEN + recipient;
  return [`${words}.md`, `${words}.${message.id}.md`];
}

/** `plain` follows no grammar; `misplaced` is addressed to another than the folder's agent. */
export type FileName =
  | { kind: 'named'; type: string; from: string }
  | { kind: 'misplaced'; to: string }
  | { kind: 'plain' };

export interface Surroundings {
  /** Whose folder it is. */
  agent: string;
  /** Is there an agent with this key? */
  isKnown: (key: string) => boolean;
}

export function readFileName(name: string, { agent, isKnown }: Surroundings): FileName {
  const words = NAME.exec(name)?.[2]?.replace(ID, '');
  if (words === undefined || !words.includes(BETWEEN)) return { kind: 'plain' };
  const front = beforeRecipient(words, nameKey(agent));
  if (front === undefined) {
    return { kind: 'misplaced', to: words.slice(words.lastIndexOf(BETWEEN) + BETWEEN.length) };
  }
  const found =
    splits(front).find(({ from }) => isKnown(nameKey(from))) ??
    parts(UPPER_WORDS.exec(front)) ??
    parts(LAST_WORD.exec(front));
  return found === undefined ? { kind: 'plain' } : { kind: 'named', ...found };
}

/** At most one place fits: each later one leaves a shorter key. */
function beforeRecipient(words: string, key: string): string | undefined {
  for (let at = words.indexOf(BETWEEN); at !== -1; at = words.indexOf(BETWEEN, at + 1)) {
    if (nameKey(words.slice(at + BETWEEN.length)) === key) return words.slice(0, at);
  }
  return undefined;
}

interface Split {
  type: string;
  from: string;
}

/** Every way to cut it into a type and a name, the longest name first. */
function splits(front: string): Split[] {
  const found: Split[] = [];
  for (let at = front.indexOf('_'); at !== -1; at = front.indexOf('_', at + 1)) {
    const split = checked({ type: front.slice(0, at), from: front.slice(at + 1) });
    if (split !== undefined) found.push(split);
  }
  return found;
}

function parts(match: RegExpExecArray | null): Split | undefined {
  const [, type = '', from = ''] = match ?? [];
  return checked({ type, from });
}

function checked(split: Split): Split | undefined {
  const isFine = MessageType.safeParse(split.type).success;
  return isFine && AgentName.safeParse(split.from).success ? split : undefined;
}
