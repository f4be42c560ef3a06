/**
 * Which hub, and one question to it. The address and the token are found as the command line finds
 * them: the environment, the config file, else the hub that this user runs on this machine.
 */
import { join } from 'node:path';
import { fieldsOf, isFields, parsed, textOf, type Fields } from './json.ts';
import { configFile, hubStateFile, nonEmpty, readIfThere, type Env } from './places.ts';
import { Trouble } from './trouble.ts';
import { post } from './wire.ts';

export interface HubPlace {
  url: string;
  /** That somebody gave for this hub. */
  token: string | undefined;
  /** Of the user's own hub, to make tokens with. */
  adminToken: string | undefined;
}

export interface Credential {
  token: string | undefined;
  /** Believed only by a hub that asks for no tokens. */
  agent: string;
}

export interface Refusal {
  code: string;
  message: string;
  hint: string;
  details: Fields;
}

export type Reply = { ok: Fields } | { refusal: Refusal };

export function findHub(env: Env): HubPlace {
  const config = readConfig(env);
  const state = fieldsOf(parsed(readIfThere(hubStateFile(env)) ?? ''));
  const own = textOf(state['url']);
  const given = nonEmpty(env['SIGNALBOX_URL']) ?? nonEmpty(env['BROKER_URL']);
  const url = given ?? config.url ?? own;
  if (url === undefined) {
    throw new Trouble('No hub is known here.', 'Start one with `signalbox start`.');
  }
  const isConfigured = config.url === undefined ? given === undefined : isSame(url, config.url);
  const dataDir = own !== undefined && isSame(url, own) ? textOf(state['dataDir']) : undefined;
  return {
    url,
    token: nonEmpty(env['SIGNALBOX_TOKEN']) ?? (isConfigured ? config.token : undefined),
    adminToken:
      dataDir === undefined ? undefined : nonEmpty(readIfThere(join(dataDir, 'admin.token'))),
  };
}

/** A refusal is an answer; no answer is thrown. */
export async function ask(
  { url }: Pick<HubPlace, 'url'>,
  { token, agent }: Credential,
  { operation, input }: { operation: string; input: Fields },
): Promise<Reply> {
  const who: Record<string, string> =
    token === undefined ? { 'x-signalbox-agent': agent } : { authorization: `Bearer ${token}` };
  const path = `/v1/${operation}`;
  const { status, body } = await post({ url, path, headers: who, body: JSON.stringify(input) });
  const answer = parsed(body);
  if (status === 200 && isFields(answer)) return { ok: answer };
  const error = fieldsOf(fieldsOf(answer)['error']);
  const code = textOf(error['code']);
  if (code === undefined) {
    throw new Trouble(`${url} answered ${status}, not as a hub does.`, 'Is it the right address?');
  }
  const [message, hint] = [textOf(error['message']) ?? code, textOf(error['hint']) ?? ''];
  return { refusal: { code, message, hint, details: fieldsOf(error['details']) } };
}

/** The output, where a refusal can only mean that something is wrong. */
export function outputOf(reply: Reply): Fields {
  if ('ok' in reply) return reply.ok;
  throw new Trouble(`The hub refused: ${reply.refusal.message}.`, reply.refusal.hint);
}

/** The two lines that the config file may hold; anything else in it is for the command line. */
function readConfig(env: Env): { url: string | undefined; token: string | undefined } {
  const text = readIfThere(configFile(env)) ?? '';
  const line = (name: string): string | undefined => {
    const written = new RegExp(`^${name}:[ \\t]+(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
    const quoted = /^(["'])(.*?)\1/.exec(written)?.[2];
    return nonEmpty(quoted ?? written.replace(/(^|\s)#.*$/, ''));
  };
  return { url: line('url'), token: line('token') };
}

function isSame(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return one === other;
  const [a, b] = [new URL(one), new URL(other)];
  return a.host === b.host && a.protocol === b.protocol;
}
