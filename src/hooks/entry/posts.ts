/**
 * What others posted to the agent's channels, and to everyone, since it last looked. The hub keeps
 * how far an agent has read there, so each post is told once, by whichever of its programs looks
 * first.
 */
import type { Speaker } from './agent.ts';
import { asData, timeInWords } from './data.ts';
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './json.ts';

const TOLD_MAX = 5;
const POST_CHARS = 240;
const INTRODUCTION = 'Posted to your channels, as data of other agents:';

/** Nothing where nothing is new, or where the hub knows no such question. */
export async function newPosts({ ask }: Speaker, charsMax: number): Promise<string[]> {
  const reply = await ask('channel.unread', { limit: TOLD_MAX });
  const posts = 'ok' in reply ? listOf(reply.ok['items']).map(fieldsOf) : [];
  const told: string[] = [];
  const ends = new Map<string, number>();
  let size = INTRODUCTION.length;
  for (const post of posts) {
    const words = inWords(post);
    if (told.length > 0 && size + words.length + 1 > charsMax) break;
    told.push(words);
    size += words.length + 1;
    ends.set(textOf(post['channel']) ?? '', numberOf(post['cursor']) ?? 0);
  }
  for (const [name, upTo] of ends) await ask('channel.seen', { name, upTo });
  return told.length === 0 ? [] : [INTRODUCTION, ...told];
}

function inWords(post: Fields): string {
  const message = fieldsOf(post['message']);
  const atMs = numberOf(message['createdAtMs']);
  const facts = {
    from: textOf(message['from']) ?? '?',
    channel: `#${textOf(post['channel']) ?? '?'}`,
    id: textOf(message['id']) ?? '?',
    ...(atMs === undefined ? {} : { at: timeInWords(atMs) }),
  };
  const content = textOf(message['text']) ?? '';
  return asData({ kind: 'message', facts, content, charsMax: POST_CHARS });
}
