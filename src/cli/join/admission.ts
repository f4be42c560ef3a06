/**
 * How this machine comes to its tokens: it has them already, the hub is this user's own, or a code
 * is used up for them. A code is used as late as can be: what can be refused was refused before.
 */
import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { connect, type Client } from '../../client/index.ts';
import {
  type Invite,
  machineNames,
  nameKey,
  type Output,
  Role,
  SignalboxError,
} from '../../contract/index.ts';
import { readIfThere, type Config } from '../place/config.ts';
import { findHub, isSameHub, type HubPlace } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { tokenFile, tokenFor } from '../place/identity.ts';
import { writeWhole } from '../place/hub-word.ts';
import { makeFolder } from '../place/make-folder.ts';
import { configFile, dataFolder, type Env } from '../place/places.ts';
import { writeHubLines } from './config-file.ts';
import type { Joined } from './record.ts';

export interface Asked {
  url: string;
  /** Undefined: whom the invite is for, or whom this machine is already. */
  name: string | undefined;
  slots: number | undefined;
  /** Asked for only where one is needed. */
  code: () => Promise<string | undefined>;
  /** What the config file says of this hub. */
  config: Config;
  joined: Joined | undefined;
}

export type Admission = { names: readonly string[]; role: Role } & (
  | { kind: 'known' }
  | { kind: 'own'; place: HubPlace }
  | { kind: 'code'; code: string; invite: Invite }
);

/** Decides; nothing is changed by it. */
export async function admissionOf(context: Context, asked: Asked): Promise<Admission> {
  const { url, joined } = asked;
  const known = await knownAs(asked);
  if (known !== undefined) {
    refuseOtherName(known.name, asked);
    return { kind: 'known', names: joined?.names ?? [known.name], role: Role.parse(known.role) };
  }
  const place = await findHub({ url, token: undefined, env: plain(context.env) });
  if (place.isAdmin) {
    const name = asked.name ?? joined?.names[0] ?? place.agent;
    return { kind: 'own', names: machineNames(name, asked.slots ?? 1), role: 'agent', place };
  }
  const code = await asked.code();
  if (code === undefined) throw codeMissing(asked);
  const invite = await asking(url, code, (hub) => hub.invite.check());
  const name = asked.name ?? invite.agent;
  if (name === null) {
    throw new SignalboxError('invalid_input', 'The invite is for no agent by name.', {
      hint: 'Choose a name that nobody has: signalbox join URL --code CODE --name NAME',
    });
  }
  const names = machineNames(name, asked.slots ?? invite.slots);
  return { kind: 'code', names, role: invite.role, code, invite };
}

/** Makes and writes down what was decided. Answers what was done, in words. */
export async function admit(context: Context, url: string, admission: Admission): Promise<string> {
  const { env } = context;
  const { names } = admission;
  switch (admission.kind) {
    case 'known':
      return `known at the hub already as ${names.join(', ')}`;
    case 'own': {
      for (const name of names) {
        await tokenFor(at(context, admission.place), { name, role: 'agent', isNamed: true });
      }
      return `this user’s own hub: ${dataFolder(env)}/tokens has those of ${names.join(', ')}`;
    }
    case 'code': {
      await writable(env);
      const { tokens } = await asking(url, admission.code, (hub) =>
        hub.invite.redeem({ names: [...names] }).catch(lostAnswer),
      );
      await keep(env, url, tokens);
      const { id } = admission.invite;
      return `${id} made tokens of ${names.join(', ')}, kept in ${configFile(env)}`;
    }
  }
}

/** The same context at another hub, or as somebody else. */
export function at(context: Context, place: HubPlace): Context {
  return {
    ...context,
    env: plain(context.env),
    place: () => Promise.resolve(place),
    hub: () => Promise.resolve(connect({ ...place, transport: 'http' })),
  };
}

/** Without what was said for this one shell: what is proved must hold in every other one too. */
export function plain(env: Env): Env {
  const isOfShell = (name: string): boolean =>
    name.startsWith('SIGNALBOX_') || /^(BROKER_URL|AGENT_ID|AGENT_TYPE|SESSION_ID)$/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOfShell(name)));
}

/** Whom the token in the config file is of, where the hub still takes it. */
async function knownAs({ url, config }: Asked): Promise<Output<'hub.whoami'> | undefined> {
  const { token } = config;
  if (token === undefined || config.url === undefined || !isSameHub(config.url, url)) return;
  return asking(url, token, (hub) => hub.hub.whoami()).catch((error: unknown) => {
    if (error instanceof SignalboxError && error.code === 'unauthenticated') return undefined;
    throw error;
  });
}

async function asking<T>(url: string, token: string, ask: (hub: Client) => Promise<T>): Promise<T> {
  const hub = connect({ url, token, transport: 'http' });
  try {
    return await ask(hub);
  } finally {
    hub.close();
  }
}

function refuseOtherName(known: string, { url, name }: Asked): void {
  if (name === undefined || nameKey(name) === nameKey(known)) return;
  throw new SignalboxError('conflict', `This machine has joined ${url} as ${known}.`, {
    hint: `Leave --name out, or leave first: signalbox leave ${url}`,
  });
}

function codeMissing({ url, name, slots, config }: Asked): SignalboxError {
  const wanted = [
    ...(name === undefined ? [] : ['--agent', name]),
    ...(slots === undefined || slots === 1 ? [] : ['--slots', String(slots)]),
  ];
  const line = ['signalbox invite', ...wanted].join(' ');
  const message =
    config.token === undefined
      ? `A code is needed to join ${url}.`
      : `${url} does not take the token of this machine any more; a code is needed.`;
  return new SignalboxError('unauthenticated', message, {
    hint: `On the machine of the hub: ${line}; then run here what it prints.`,
  });
}

type Tokens = Output<'invite.redeem'>['tokens'];

/** A token that cannot be kept is ended at once: nobody would ever use it, or revoke it. */
async function keep(env: Env, url: string, tokens: Tokens): Promise<void> {
  const [first, ...slots] = tokens;
  try {
    for (const { token, secret } of slots) {
      await writeWhole(tokenFile(env, url, { name: token.agent, role: 'agent' }), `${secret}\n`);
    }
    await writeHubLines(env, { url, token: first?.secret ?? '' });
  } catch (cause) {
    const resign = (hub: Client): Promise<unknown> => hub.token.resign();
    await Promise.allSettled(tokens.map(({ secret }) => asking(url, secret, resign)));
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('storage_full', `The token could not be kept: ${reason}`, {
      hint: 'Its token was ended. Make room, then use a new invite.',
      cause,
    });
  }
}

/** Before the code is used up: what it makes could not be kept otherwise. */
async function writable(env: Env): Promise<void> {
  for (const folder of [dirname(configFile(env)), dataFolder(env)]) {
    await makeFolder(folder);
    await access(folder, constants.W_OK).catch((cause: unknown) => {
      throw new SignalboxError('invalid_input', `${folder} cannot be written to.`, {
        hint: 'Let this user write there, or choose another place with XDG_CONFIG_HOME.',
        cause,
      });
    });
  }
  await readIfThere(configFile(env));
}

/**
 * A moment ago the code was good. The hub may have taken it and its answer was lost, or another
 * machine came first; what it made is not shown a second time.
 */
function lostAnswer(error: unknown): never {
  const isLost =
    error instanceof SignalboxError && /^(unavailable|unauthenticated)$/.test(error.code);
  if (!isLost) throw error;
  throw new SignalboxError(
    'unavailable',
    `The code was sent, and no token came: ${error.message}`,
    {
      hint:
        'It may be used up: `signalbox invite list` on the hub tells. Then revoke the token that ' +
        'it made (`signalbox token list`, `signalbox token revoke ID`) and make a new invite.',
      cause: error,
    },
  );
}
