/**
 * What a browser on the same machine could be made to send. Without tokens a page of a foreign site
 * could speak to the hub on loopback, directly or by a name of its own that points there; so Host
 * and Origin must be loopback then. An image or a link names no Origin, but a browser says that the
 * site it was asked by is another: that is refused too, and so is a page of another port. With
 * tokens the token is the guard.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { SignalboxError } from '../contract/index.ts';

export interface Caller {
  host: string | undefined;
  origin: string | undefined;
  /** What a browser says of who made it ask; nobody else says anything. */
  site: string | undefined;
}

export function callerOf({ host, origin, ...others }: IncomingHttpHeaders): Caller {
  return { host, origin, site: others['sec-fetch-site'] };
}

export function guardLoopback(caller: Caller): void {
  const refusal = refusalOfCaller(caller);
  if (refusal !== undefined) throw refusal;
}

export function refusalOfCaller({ host, origin, site }: Caller): SignalboxError | undefined {
  const isOriginFine = origin === undefined || isLoopbackHost(origin.replace(SCHEME, ''));
  if (!isLoopbackHost(host ?? '') || !isOriginFine) return refused('only to loopback');
  const isSiteFine = site === undefined || site === 'same-origin' || site === 'none';
  return isSiteFine ? undefined : refused('to no page of another site or port');
}

function refused(whom: string): SignalboxError {
  return new SignalboxError('forbidden', `without tokens this hub answers ${whom}`, {
    hint: 'Ask http://127.0.0.1 or http://localhost, or start the hub with --auth token.',
  });
}

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
/** A host, maybe with a port, and nothing before or after it that would be another's name. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d+)?$/i;

function isLoopbackHost(written: string): boolean {
  const url = `http://${written}`;
  if (!HOST.test(written) || !URL.canParse(url)) return false;
  return isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
