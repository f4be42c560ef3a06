/**
 * Joins this machine to a hub: token, config, hooks and MCP entry, each proved by a round trip.
 * What is there already is left as it is, so that running it again goes on where it broke off.
 */
import { limits, SignalboxError } from '../../contract/index.ts';
import { type Change, entryStatus, hooksStatus, install, type Target } from '../../hooks/index.ts';
import type { Context } from '../context.ts';
import { createScreen } from '../demo/screen.ts';
import { step, type Steps } from '../demo/steps.ts';
import { harmlessLine } from '../harmless.ts';
import { untilStopped } from '../interruption.ts';
import { admissionOf, admit, plain, type Admission } from '../join/admission.ts';
import { givenCode } from '../join/code.ts';
import { refuseOtherHub } from '../join/config-file.ts';
import { proveHook, proveIdentity, proveMail, proveMcp, proveSidecar } from '../join/proofs.ts';
import type { Proved } from '../join/proofs.ts';
import { clearWire, hubAddress, reach } from '../join/reach.ts';
import { readJoined, saveJoined, type Joined } from '../join/record.ts';
import { theOne } from '../paging.ts';
import { counted } from '../words.ts';
import { wantedFor } from './hooks.ts';

type Kind = Exclude<Target, 'git'>;
const KINDS = ['claude', 'codex', 'gemini', 'cursor', 'command'] as const;

interface Join extends Steps {
  context: Context;
  url: string;
  isTrial: boolean;
  stop: AbortSignal;
  /** What was done, for those who read JSON. */
  done: { step: string; outcome: string }[];
}

export async function join(context: Context): Promise<void> {
  const { output, env, clock, options } = context;
  const url = hubAddress(theOne(context));
  const interruption = untilStopped(context.interruption());
  const screen = createScreen(output, env);
  const isTrial = options.has('dryRun');
  const given: Join = {
    context,
    url,
    isTrial,
    screen,
    output,
    clock,
    stop: interruption.signal,
    done: [],
  };
  try {
    await run(given);
  } finally {
    interruption.close();
  }
}

async function run(given: Join): Promise<void> {
  const { context, url, isTrial } = given;
  const { env, output } = context;
  const kinds = await kindsOf(context);
  const config = await refuseOtherHub(env, url);
  const warning = clearWire(url);
  if (warning !== undefined) output.note(warning, 'warning');
  await take(given, ['hub', `looking for a hub at ${url}`], async () => {
    return `a hub answers at ${url}, version ${harmlessLine(await reach(url))}`;
  });
  const before = await readJoined(env, url);
  const asked = { ...chosen(context), url, config, joined: before };
  const code = await givenCode(context, !isTrial && before === undefined);
  const admission = await admissionOf(context, { ...asked, code });
  if (isTrial) return tellPlan(given, admission, kinds);
  const joined = await beAdmitted(given, admission, { before, kinds });
  const [name = ''] = joined.names;
  await installAll(given, kinds, name);
  await prove(given, kinds, name);
  tellEnd(given, joined);
}

function chosen({ options }: Context): { name: string | undefined; slots: number | undefined } {
  const name = options.text('name');
  return { name, slots: options.integer('slots', { min: 1, max: limits.inviteSlotsMax }) };
}

/** Those that were named, else those that are in use here. */
async function kindsOf(context: Context): Promise<Kind[]> {
  const named = context.options.list('agent').map((word) => {
    const kind = KINDS.find((one) => one === word);
    if (kind !== undefined) return kind;
    throw new SignalboxError('invalid_input', `--agent does not take \`${word}\`.`, {
      hint: `Give one of: ${KINDS.join(', ')}. The name of the agent is given with --name.`,
    });
  });
  if (named.length > 0) return [...new Set(named)].filter((kind) => kind !== 'command');
  const found = await hooksStatus(wantedFor(context, undefined));
  return found.flatMap(({ target, isUsed }) => (isUsed && target !== 'git' ? [target] : []));
}

interface Before {
  before: Joined | undefined;
  kinds: readonly Kind[];
}

/** What was made is written down before anything else can fail. */
async function beAdmitted(
  given: Join,
  admission: Admission,
  { before, kinds }: Before,
): Promise<Joined> {
  const { context, url } = given;
  const names = [...admission.names];
  const clients = [...new Set([...(before?.clients ?? []), ...(await without(given, kinds))])];
  await take(given, ['token', 'getting a token'], async () => {
    const outcome = await admit(context, url, admission);
    await saveJoined(context.env, { url, names, clients });
    return outcome;
  });
  return { url, names, clients };
}

/** Those that have nothing of ours yet: leaving takes out what joining has put in. */
async function without({ context }: Join, kinds: readonly Kind[]): Promise<Kind[]> {
  const hooks = await hooksStatus(wantedFor(context, undefined));
  const isBare = (kind: Kind): boolean =>
    hooks.some(({ target, state }) => target === kind && state === 'none');
  return kinds.filter(isBare);
}

async function installAll(given: Join, kinds: readonly Kind[], name: string): Promise<void> {
  const wanted = wantedFor(given.context, name);
  for (const kind of kinds) {
    await take(given, [kind, `installing hooks and MCP entry of ${kind}`], async () => {
      const { changes, todo } = await install(kind, wanted);
      for (const line of todo) given.output.note(line, 'hint');
      return `hooks and MCP entry of ${kind}: ${changes.map(changeWords).join(', ')}`;
    });
  }
}

function changeWords({ path, isChanged, taken }: Change): string {
  const kept = taken.map((what) => `, ${what} is not ours and was kept`).join('');
  return harmlessLine(`${path} ${isChanged ? 'written' : 'as it was'}${kept}`);
}

async function prove(given: Join, kinds: readonly Kind[], name: string): Promise<void> {
  const { context, url, stop } = given;
  const proved: Proved = { context, url, name, stop };
  const { hub, who } = await proveIdentity(proved);
  try {
    await take(given, ['whoami', 'asking who we are'], async () => {
      return `the hub knows us as ${who.name}, ${who.role}`;
    });
    const may = new Set<string>(who.scopes);
    if (may.has('submit')) {
      await take(given, ['message', 'sending a message to ourselves'], async () => {
        return `${await proveMail(hub, proved)} went to our own mailbox and arrived`;
      });
    }
    await take(given, ['mcp', 'asking the MCP server'], async () => {
      return `\`signalbox mcp\` answers with ${counted(await proveMcp(proved), 'tool')}`;
    });
    const [kind] = kinds;
    if (kind !== undefined) await proveEntry(given, proved, kinds);
    if (may.has('work')) {
      await take(given, ['sidecar', 'letting a sidecar beat'], () => proveSidecar(hub, proved));
    }
  } finally {
    hub.close();
  }
}

async function proveEntry(given: Join, proved: Proved, kinds: readonly Kind[]): Promise<void> {
  const { path: main } = await entryStatus(wantedFor(given.context, proved.name));
  for (const kind of kinds) {
    await take(given, [`hook ${kind}`, `running the hook of ${kind}`], async () => {
      await proveHook(kind, proved, { main });
      return `the hook of ${kind} tells a session that it is ${proved.name}`;
    });
  }
}

function take(
  given: Join,
  [name, words]: readonly [name: string, words: string],
  work: () => Promise<string>,
): Promise<void> {
  return step<void>(
    given,
    () => words,
    async () => {
      given.stop.throwIfAborted();
      const outcome = await work();
      given.done.push({ step: name, outcome });
      return { result: undefined, outcome };
    },
  );
}

function tellPlan({ output, url, done }: Join, admission: Admission, kinds: readonly Kind[]): void {
  const { kind, names } = admission;
  const how = { known: 'it is joined already', own: 'its own hub', code: 'the code is good' }[kind];
  const plan = { url, names, how: kind, clients: kinds, steps: done };
  output.give(plan, () => [
    `  would join as ${names.join(', ')}: ${how}`,
    kinds.length === 0
      ? '  would install no hooks: no client was named, and none is in use here'
      : `  would install hooks and MCP entry of ${kinds.join(', ')}`,
    '  would prove: whoami, message, mcp, hooks, sidecar. Nothing was changed.',
  ]);
}

function tellEnd({ context, output, done }: Join, joined: Joined): void {
  const [name = ''] = joined.names;
  const isOf = Object.keys(context.env).filter((word) => !(word in plain(context.env)));
  output.give({ ...joined, steps: done }, () => [
    '',
    `${output.paint('green', 'Joined')} ${joined.url} as ${output.paint('bold', name)}.`,
    `  take tasks   signalbox agent run --name ${name} -- COMMAND…`,
    `  take back    signalbox leave ${joined.url}`,
  ]);
  const set = isOf.filter((word) => /URL|TOKEN|AGENT/.test(word) && context.env[word] !== '');
  if (set.length > 0) {
    output.note(`${set.join(', ')} is set in this shell and goes before what was joined.`, 'note');
  }
}
