/**
 * What a browser on the same machine could be made to send. Without tokens a page of a foreign site
 * could speak to the hub on loopback, directly or by a name of its own that points there; so Host
 * and Origin must be loopback then. With tokens the token is the guard.
 */
import { SignalboxError } from '../contract/index.ts';

export interface Caller {
  host: string | undefined;
  origin: string | undefined;
}

export function guardLoopback(caller: Caller): void {
  const refusal = refusalOfCaller(caller);
  if (refusal !== undefined) throw refusal;
}

export function refusalOfCaller({ host, origin }: Caller): SignalboxError | undefined {
  const isHostFine = host !== undefined && isLoopbackHost(`http://${host}`);
  if (isHostFine && (origin === undefined || isLoopbackHost(origin))) return undefined;
  return new SignalboxError('forbidden', 'without tokens this hub answers only to loopback', {
    hint: 'Ask http://127.0.0.1 or http://localhost, or start the hub with --auth token.',
  });
}

function isLoopbackHost(url: string): boolean {
  if (!URL.canParse(url)) return false;
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
