/** The turns of a session: it begins, is spoken to, comes to its end. */
import type { Speaker } from './agent.ts';
import { asData } from './data.ts';
import { outputOf } from './hub.ts';
import { fieldsOf, listOf, textOf, type Fields } from './json.ts';
import { mailInWords, newMail, type Mail } from './mail.ts';
import type { Env } from './places.ts';
import { newPosts } from './posts.ts';
import { NOTHING, type Said } from './reply.ts';

const CHARS_MAX = 1_500;
const MAIL_CHARS_AT_START = 800;
const MAIL_CHARS = 1_200;
const MEMORY_ITEMS = 3;
const MEMORY_CHARS = 600;
const MEMORY_SHOWN = 200;

/** Who the agent is, its mail, what it remembers; one line where there is nothing else. */
export async function atStart(env: Env, speaker: Speaker): Promise<Said> {
  const [who, mail, memory] = await Promise.all([
    speaker.ask('hub.whoami', {}).then(outputOf),
    newMail(env, speaker, { fromStart: true, charsMax: MAIL_CHARS_AT_START }),
    remembered(speaker),
  ]);
  const name = textOf(who['name']) ?? speaker.agent;
  const identity =
    `You are "${name}" at the Signalbox hub ${speaker.hub.url}, beside other agents. ` +
    'Files that you edit are locked for you; a refused edit says who holds them.';
  return {
    kind: 'context',
    text: fitting([
      identity,
      ...(await mailOrPosts(speaker, mail, MAIL_CHARS_AT_START)),
      ...memory,
    ]),
  };
}

/** A message is told once, so an agent is never kept from its end by the same one again. */
export async function sinceLastLook(env: Env, speaker: Speaker): Promise<Said> {
  const mail = await newMail(env, speaker, { fromStart: false, charsMax: MAIL_CHARS });
  const words = await mailOrPosts(speaker, mail, MAIL_CHARS);
  return words.length === 0 ? NOTHING : { kind: 'context', text: fitting(words) };
}

/** What does not fit beside mail is told at the next look. */
async function mailOrPosts(speaker: Speaker, mail: Mail, charsMax: number): Promise<string[]> {
  const words = mailInWords(mail);
  return words.length > 0 ? words : newPosts(speaker, charsMax);
}

export async function atEnd(speaker: Speaker, holder: Fields): Promise<Said> {
  // What a task holds ends with its attempt, not with one conversation of it.
  if ('session' in holder) outputOf(await speaker.ask('lock.release', { holder }));
  return NOTHING;
}

/** Memory is a help and no duty: without it a session begins all the same. */
async function remembered({ ask }: Speaker): Promise<string[]> {
  const input = { limit: MEMORY_ITEMS, charsMax: MEMORY_CHARS };
  const reply = await ask('memory.recall', input).catch(() => undefined);
  const items = reply !== undefined && 'ok' in reply ? listOf(reply.ok['items']) : [];
  if (items.length === 0) return [];
  return [
    'Lately remembered here (recall finds more):',
    ...items.map(fieldsOf).map((item) => {
      const facts = { from: textOf(item['agent']) ?? '?', id: textOf(item['id']) ?? '?' };
      const content = textOf(item['text']) ?? '';
      return asData({ kind: 'memory', facts, content, charsMax: MEMORY_SHOWN });
    }),
  ];
}

/** Whole lines, as many as the agent should pay for. */
function fitting(lines: readonly string[]): string {
  let size = 0;
  const taken = lines.filter((line) => {
    if (size + line.length + 1 > CHARS_MAX) return false;
    size += line.length + 1;
    return true;
  });
  return taken.join('\n');
}
