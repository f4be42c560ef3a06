/** Is there a hub at this address, and what does it cost to speak with it? */
import { networkInterfaces } from 'node:os';
import { z } from 'zod';
import { SignalboxError } from '../../contract/index.ts';
import { parsedJson } from '../../core/json.ts';

const ANSWER_MS = 10_000;
const HEALTH_CHARS_MAX = 64 * 1024;
const Health = z.object({ status: z.string(), version: z.string() });

/** Answers its version. */
export async function reach(url: string): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(new URL('/health', url), { signal, redirect: 'manual' }).catch(
    (cause: unknown) => {
      throw new SignalboxError('unavailable', `No hub answers at ${url}.`, {
        hint: 'Is the address right, does the hub listen on it (--host), is no firewall between?',
        retryAfterMs: 1_000,
        cause,
      });
    },
  );
  const health = Health.safeParse(parsedJson(await beginningOf(answer)));
  if (!health.success) {
    throw new SignalboxError('invalid_input', `What answers at ${url} is no hub of Signalbox.`, {
      hint: '`signalbox status` on the machine of the hub shows its address.',
    });
  }
  if (!answer.ok) {
    throw new SignalboxError(
      'unavailable',
      `The hub at ${url} is there, and its database is not.`,
      {
        hint: 'See the log of the hub, or run `signalbox doctor` on its machine.',
        retryAfterMs: 1_000,
      },
    );
  }
  return health.data.version;
}

/** What answers may be anything, also something without an end. */
async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let isOver = reader === undefined; !isOver && text.length < HEALTH_CHARS_MAX;) {
    const read = await reader?.read().catch(() => undefined);
    text += read?.value ?? '';
    isOver = read?.done !== false;
  }
  await reader?.cancel().catch(() => {});
  return text;
}

/** As it is written down: without a path, and refused where it is no address. */
export function hubAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.host !== '') {
    if (url.username === '' && url.password === '') return url.href.replace(/\/+$/, '');
  }
  throw new SignalboxError('invalid_input', `\`${text}\` is not the address of a hub.`, {
    hint: 'Write it as http://192.168.1.5:8080 or https://hub.example.org.',
  });
}

export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/**
 * The address as the hub of this user has written it down, where that is the same one by another
 * name: whose own hub it is needs no code, and no token of an agent in the config.
 */
export function asOwn(address: string, state: { url: string } | undefined): string {
  if (state === undefined || !URL.canParse(state.url)) return address;
  const [url, own] = [new URL(address), new URL(state.url)];
  const isHere = isLoopback(url) || ownHosts().includes(url.hostname);
  const isSame = url.protocol === own.protocol && url.port === own.port && isLoopback(own);
  return isHere && isSame ? state.url : address;
}

function ownHosts(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
}

/** What a person must hear before the token goes over this wire; undefined where it is safe. */
export function clearWire(address: string): string | undefined {
  const url = new URL(address);
  if (url.protocol === 'https:' || isLoopback(url)) return undefined;
  return (
    `The token travels in clear to ${url.host}: whoever can listen on the way can be this agent. ` +
    'Use https, a VPN or `ssh -L` where you do not trust every machine between.'
  );
}
