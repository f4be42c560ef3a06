/**
 * Who asks. The name: SIGNALBOX_AGENT or AGENT_ID, else what the hooks were installed for, else
 * what another program of the same session goes by, else the client's own name. The token: one that
 * was given, else one of this user's own hub, made once for the name and kept where the command
 * line keeps it too.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { ask, findHub, outputOf, type Credential, type HubPlace, type Reply } from './hub.ts';
import { textOf, type Fields } from './json.ts';
import { dataFolder, nonEmpty, readIfThere, stateFolder, type Env } from './places.ts';
import { Trouble } from './trouble.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export interface Speaker {
  agent: string;
  hub: HubPlace;
  /** One question to the hub, in the name of the agent. */
  ask: (operation: string, input: Fields) => Promise<Reply>;
}

/** The form under which names are compared. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

export interface Naming {
  env: Env;
  session: string;
  /** By a flag, for whom the hooks were installed. */
  chosen?: string | undefined;
  /** Where nothing else says a name. */
  otherwise?: string | undefined;
}

/** Undefined where nothing says a name. */
export function agentName({ env, session, chosen, otherwise }: Naming): string | undefined {
  const name = chosenName(env, chosen) ?? noted(env, session) ?? otherwise;
  if (name === undefined || NAME.test(name)) return name;
  throw new Trouble(
    `\`${name}\` is no name of an agent.`,
    'It has letters, digits, dot, dash and underscore.',
  );
}

/**
 * Lets every program of the session go by one name, because a lock is of a name and a session. A
 * name that somebody chose takes the place of one that nobody did.
 */
export function noteSession({ env, session }: Naming, agent: string): void {
  if (noted(env, session) !== agent) writeWhole(sessionFile(env, session), `${agent}\n`);
}

/** The same for a session that begins: its note is new then. Answers where it lies. */
export function beginSession({ env, session }: Naming, agent: string): string {
  const file = sessionFile(env, session);
  writeWhole(file, `${agent}\n`);
  return file;
}

function chosenName(env: Env, chosen: string | undefined): string | undefined {
  return nonEmpty(env['SIGNALBOX_AGENT']) ?? nonEmpty(env['AGENT_ID']) ?? nonEmpty(chosen);
}

function noted(env: Env, session: string): string | undefined {
  return nonEmpty(readIfThere(sessionFile(env, session)));
}

export function forgetSession(env: Env, session: string): void {
  rmSync(sessionFile(env, session), { force: true });
}

function sessionFile(env: Env, session: string): string {
  return join(stateFolder(env), 'sessions', fileName(session));
}

/** Without a name it is the person who sits there that asks. */
export function speakerOf(env: Env, name: string | undefined): Speaker {
  const hub = findHub(env);
  const agent = name ?? userName();
  let credential: Promise<Credential> | undefined;
  const present = (): Promise<Credential> =>
    (credential ??=
      name === undefined
        ? Promise.resolve({ token: hub.token ?? hub.adminToken, agent })
        : credentialOf(env, hub, agent));
  return {
    agent,
    hub,
    async ask(operation, input) {
      const before = await present();
      const reply = await ask(hub, before, { operation, input });
      if (!('refusal' in reply) || reply.refusal.code !== 'unauthenticated') return reply;
      if (name === undefined || hub.token !== undefined || hub.adminToken === undefined) {
        return reply;
      }
      // The token that was kept is of another hub, or was ended: one more is made, once.
      const after = await (credential = made(env, hub, agent));
      return ask(hub, after, { operation, input });
    },
  };
}

function userName(): string {
  return userInfo().username.replaceAll(/[^A-Za-z0-9._-]/g, '-') || 'user';
}

async function credentialOf(env: Env, hub: HubPlace, agent: string): Promise<Credential> {
  const isGiven = nonEmpty(env['SIGNALBOX_TOKEN']) !== undefined;
  const kept = isGiven ? undefined : nonEmpty(readIfThere(tokenFile(env, hub, agent)));
  if (kept !== undefined) return { token: kept, agent };
  if (hub.token !== undefined || hub.adminToken === undefined) return { token: hub.token, agent };
  return made(env, hub, agent);
}

async function made(env: Env, hub: HubPlace, agent: string): Promise<Credential> {
  const admin = { token: hub.adminToken, agent };
  const input = { agent, role: 'agent' };
  const token = textOf(
    outputOf(await ask(hub, admin, { operation: 'token.create', input }))['secret'],
  );
  if (token !== undefined) writeWhole(tokenFile(env, hub, agent), `${token}\n`);
  return { token, agent };
}

function tokenFile(env: Env, { url }: HubPlace, agent: string): string {
  const host = new URL(url).host.replaceAll(/[^A-Za-z0-9.-]/g, '_');
  return join(dataFolder(env), 'tokens', `agent-${nameKey(agent)}@${host}.token`);
}

/** For its owner alone, and never half there. */
export function writeWhole(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}

function fileName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]/g, '_').slice(0, 100);
}
