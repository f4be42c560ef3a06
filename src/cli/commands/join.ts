/**
 * Joins this machine to a hub: token, config, hooks and MCP entry, each proved by a round trip.
 * What is there already is left as it is, so that running it again goes on where it broke off.
 */
import { limits, type Role, roleScopes } from '../../contract/index.ts';
import { type Change, hooksStatus, install } from '../../hooks/index.ts';
import { readHubState } from '../place/config.ts';
import type { Context } from '../context.ts';
import { createScreen } from '../terminal/screen.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { untilStopped } from '../terminal/interruption.ts';
import { admissionOf, admit, plain, type Admission } from '../join/admission.ts';
import { take, type Join } from '../join/checklist.ts';
import { givenCode } from '../join/code.ts';
import { refuseOtherHub } from '../join/config-file.ts';
import { kindsOf, type Kind } from '../join/kinds.ts';
import { prove } from '../join/prove.ts';
import { asOwn, clearWire, hubAddress, reach } from '../join/reach.ts';
import { readJoined, saveJoined, type Joined } from '../join/record.ts';
import { theOne } from '../terminal/paging.ts';
import { wantedFor } from './hooks.ts';

export async function join(context: Context): Promise<void> {
  const { output, env, clock } = context;
  const url = asOwn(hubAddress(theOne(context)), await readHubState(env));
  const interruption = untilStopped(context.interruption());
  const screen = createScreen(output, env);
  const given: Join = {
    context,
    url,
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
  const { context, url } = given;
  const { env, output, options } = context;
  const isTrial = options.has('dryRun');
  const used = await kindsOf(context);
  const config = await refuseOtherHub(env, url);
  const warning = clearWire(url);
  if (warning !== undefined) output.note(warning, 'warning');
  await take(given, ['hub', `looking for a hub at ${url}`], async () => {
    return `a hub answers at ${url}, version ${harmlessLine(await reach(url))}`;
  });
  const before = await readJoined(env, url);
  const asked = { ...chosen(context), url, config, joined: before };
  const code = (): Promise<string | undefined> => givenCode(context, !isTrial);
  const admission = await admissionOf(context, { ...asked, code });
  // Who only looks or tests has no client that would speak for it.
  const kinds = roleScopes[admission.role].includes('submit') ? used : [];
  if (isTrial) return tellPlan(given, admission, kinds);
  const joined = await beAdmitted(given, admission, { before, kinds });
  const [name = ''] = joined.names;
  await installAll(given, kinds, name);
  await prove(given, kinds, name);
  tellEnd(given, joined, { role: admission.role, kinds });
}

function chosen({ options }: Context): { name: string | undefined; slots: number | undefined } {
  const name = options.text('name');
  return { name, slots: options.integer('slots', { min: 1, max: limits.inviteSlotsMax }) };
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

interface Ways {
  role: Role;
  kinds: readonly Kind[];
}

/** What there is to do now. */
function nextLines(names: readonly string[], { role, kinds }: Ways): string[] {
  const [name = ''] = names;
  if (role === 'verifier') return [`test changes signalbox verifier run --name ${name}`];
  if (!roleScopes[role].includes('work')) return ['look         signalbox status, signalbox watch'];
  const cli = kinds.find((kind) => kind !== 'cursor');
  const what = cli === undefined ? '-- COMMAND…' : `--cli ${cli}`;
  // Beside the name itself there is one for each slot.
  const slots = names.length > 1 ? ` --slots ${names.length - 1}` : '';
  const agent = `--name ${name}${slots} ${what}`;
  return [
    `take tasks   signalbox agent run ${agent}`,
    `as a service signalbox agent install ${agent}`,
  ];
}

function tellEnd({ context, output, done }: Join, joined: Joined, ways: Ways): void {
  const [name = ''] = joined.names;
  const isOf = Object.keys(context.env).filter((word) => !(word in plain(context.env)));
  output.give({ ...joined, steps: done }, () => [
    '',
    `${output.paint('green', 'Joined')} ${joined.url} as ${output.paint('bold', name)}.`,
    ...nextLines(joined.names, ways).map((line) => `  ${line}`),
    `  take back    signalbox leave ${joined.url}`,
  ]);
  const set = isOf.filter((word) => /URL|TOKEN|AGENT/.test(word) && context.env[word] !== '');
  if (set.length > 0) {
    output.note(`${set.join(', ')} is set in this shell and goes before what was joined.`, 'note');
  }
}
