/** Before an edit: the lock of its files is taken, or it is refused, saying who holds them. */
import type { Speaker } from './agent.ts';
import { asData, clipped, pathInWords, timeInWords } from './data.ts';
import { editedPaths } from './edited.ts';
import type { Refusal } from './hub.ts';
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './json.ts';
import { NOTHING, type Said } from './reply.ts';
import { escapePath, placeOf, repositoryOf } from './repository.ts';
import { nonEmpty, type Env } from './places.ts';
import { Trouble } from './trouble.ts';

const LEASE_MS = 15 * 60_000;
const ITEMS_MAX = 200;
const TOLD_MAX = 3;
const REASON_CHARS = 200;

interface Edit {
  told: Fields;
  cwd: string;
  env: Env;
  holder: Fields;
}

/** The paths as items of a lock; what lies in no repository needs none. */
function itemsOf({ told, cwd, env }: Edit): { path: string; repository: string }[] {
  const folder = textOf(told['cwd']) ?? cwd;
  // Inside an attempt the repository is called what its task calls it.
  const named = nonEmpty(env['SIGNALBOX_REPOSITORY']);
  const here = named === undefined ? undefined : repositoryOf(cwd)?.url;
  return editedPaths(told['tool_input'])
    .flatMap((file) => placeOf(file, folder) ?? [])
    .map(({ repository, path }) => ({
      path: escapePath(path),
      repository: named !== undefined && repository === here ? named : repository,
    }));
}

export async function beforeEdit(speaker: () => Speaker, edit: Edit): Promise<Said> {
  const { told, holder } = edit;
  const items = itemsOf(edit);
  if (items.length === 0) return NOTHING;
  if (items.length > ITEMS_MAX) return { kind: 'refusal', text: tooMany(items.length) };
  const { ask } = speaker();
  const reason = `edits it with ${clipped(textOf(told['tool_name']) ?? 'a tool', 40)}`;
  const input = { holder, items, wait: false, leaseMs: LEASE_MS, reason };
  const reply = await ask('lock.acquire', input);
  if ('ok' in reply) return NOTHING;
  const { refusal } = reply;
  if (refusal.code === 'stale_fence') return { kind: 'refusal', text: stale(refusal) };
  if (refusal.code === 'conflict') return { kind: 'refusal', text: await held(ask, refusal) };
  throw new Trouble(`The hub gave no lock: ${refusal.message}.`, refusal.hint);
}

function tooMany(count: number): string {
  return `Not edited: of ${count} files at most ${ITEMS_MAX} are locked at once. Edit in parts.`;
}

function stale({ message, hint }: Refusal): string {
  return `Not edited: ${message}. ${hint}`;
}

async function held(ask: Speaker['ask'], refusal: Refusal): Promise<string> {
  const obstacles = listOf(refusal.details['obstacles']).map(fieldsOf);
  const told = await Promise.all(obstacles.slice(0, TOLD_MAX).map((one) => inWords(ask, one)));
  const more = obstacles.length > TOLD_MAX ? [`And ${obstacles.length - TOLD_MAX} more.`] : [];
  const [first = {}] = obstacles;
  const who = textOf(first['agent']) ?? 'the holder';
  const id = textOf(first['lockId']) ?? '';
  return [
    'Not edited: it is locked.',
    ...(told.length === 0 ? [refusal.message] : told),
    ...more,
    'What to do: go on with something else that is free; or wait for it with the tool ' +
      `acquire_lock (wait: true); or write to ${who} with send_message; ` +
      `\`signalbox why ${id}\` tells more. Do not edit it another way.`,
  ].join('\n');
}

/** `src/a.ts: held by bob since … until … unless renewed`, and what for. */
async function inWords(ask: Speaker['ask'], obstacle: Fields): Promise<string> {
  const [item, theirs] = [textOf(obstacle['item']) ?? '', textOf(obstacle['theirs']) ?? ''];
  const agent = textOf(obstacle['agent']) ?? '?';
  const since = await sinceOf(ask, textOf(obstacle['lockId']));
  const untilMs = numberOf(obstacle['leaseUntilMs']);
  const until =
    untilMs === undefined
      ? ' until its task ends'
      : ` until ${timeInWords(untilMs)} if not renewed`;
  const holds = obstacle['state'] === 'waiting' ? 'was asked for before by' : 'is held by';
  const task = textOf(obstacle['taskId']);
  const reason = textOf(obstacle['reason']);
  const by = item === theirs ? '' : ` (by ${pathInWords(theirs)})`;
  const whom = task === undefined ? agent : `${agent} for ${task}`;
  const words = `${pathInWords(item)}${by} ${holds} ${whom}`;
  if (reason === undefined) return `${words}${since}${until}.`;
  const facts = { from: agent };
  const why = asData({ kind: 'reason', facts, content: reason, charsMax: REASON_CHARS });
  return `${words}${since}${until}. ${why}`;
}

/** Left out where the hub does not say: the refusal must be told all the same. */
async function sinceOf(ask: Speaker['ask'], id: string | undefined): Promise<string> {
  if (id === undefined) return '';
  const reply = await ask('lock.show', { id }).catch(() => undefined);
  const sinceMs =
    reply !== undefined && 'ok' in reply ? numberOf(reply.ok['grantedAtMs']) : undefined;
  return sinceMs === undefined ? '' : ` since ${timeInWords(sinceMs)}`;
}
