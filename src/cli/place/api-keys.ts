/**
 * `COORDINATION_API_KEYS=key1,name=key2`: keys that agents elsewhere bring, given to a hub at its
 * start. A bare key is of the agent `api-N`, by its place in the list. They are never written down.
 */
import { AgentName, SignalboxError } from '../../contract/index.ts';
import type { Env } from './places.ts';

export interface ApiKey {
  agent: string;
  key: string;
}

/** Fewer could be guessed. */
const KEY_CHARS_MIN = 16;
const VARIABLE = 'COORDINATION_API_KEYS';

export function readApiKeys(env: Env): ApiKey[] {
  const written = (env[VARIABLE] ?? '').split(',').map((one) => one.trim());
  const keys = written.filter((one) => one !== '').map(readKey);
  const twice = keys.find(({ key }, at) => keys.findIndex((other) => other.key === key) !== at);
  if (twice !== undefined) throw wrong(`the keys of ${twice.agent} and another are the same`);
  return keys;
}

/** `name=key`; a key may hold `=` itself, so only what is a name before the first one counts. */
function readKey(written: string, at: number): ApiKey {
  const [, name, rest] = /^([^=]+)=(.*[^=].*)$/.exec(written) ?? [];
  const isNamed = name !== undefined && AgentName.safeParse(name).success;
  const agent = isNamed ? name : `api-${at + 1}`;
  const key = isNamed ? (rest ?? '') : written;
  // The key itself is told to nobody.
  if (key.length < KEY_CHARS_MIN) throw wrong(`the key of ${agent} is too short`);
  if (!/^[\x21-\x7e]+$/.test(key))
    throw wrong(`the key of ${agent} has signs that no header takes`);
  return { agent, key };
}

function wrong(what: string): SignalboxError {
  return new SignalboxError('invalid_input', `${VARIABLE}: ${what}.`, {
    hint: `Give keys of ${KEY_CHARS_MIN} characters or more: openssl rand -hex 32`,
  });
}
