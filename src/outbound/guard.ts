/**
 * The one guard for all requests that leave the house: whoever names a URL must not reach through
 * the hub what the hub can reach and they cannot.
 *
 * A URL is judged when it is given and at each sending. A name is resolved here, and the connection
 * is made to the very address that was judged, so a name that points elsewhere a moment later
 * (DNS rebinding) changes nothing.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { SignalboxError } from '../contract/errors.ts';
import { addresses } from './addresses.ts';

export interface Found {
  address: string;
  family: number;
}
export type Resolve = (name: string) => Promise<Found[]>;

export interface GuardOptions {
  /** Ranges of addresses that are not public and may be reached all the same. */
  allowed?: readonly string[];
  /** The resolver of the machine, unless another is given. */
  resolve?: Resolve;
}

export interface Guard {
  /** The URL as it will be used; throws a SignalboxError where it can never be a target. */
  check: (url: string) => URL;
  /** Resolves for a connection; fails with a SignalboxError where no address may be reached. */
  lookup: LookupFunction;
}

/** Ports whose services take lines of a request for commands of their own, or hold secrets. */
const UNSAFE_PORTS = new Set(
  [19, 21, 22, 23, 25, 53, 69, 79, 110, 111, 119, 135, 137, 139, 143, 161, 179, 389, 445, 465]
    .concat([512, 513, 514, 515, 540, 548, 587, 636, 873, 993, 995, 2049, 3306, 3389, 5432, 5900])
    .concat([6000, 6379, 6697, 11_211, 27_017]),
);

export function createGuard({ allowed = [], resolve = bySystem }: GuardOptions = {}): Guard {
  const { isAllowed } = addresses(allowed);

  const resolved = async (name: string): Promise<Found[]> => {
    const found = await resolve(name);
    const reachable = found.filter(({ address }) => isAllowed(address));
    if (reachable.length === 0) throw refused(name, found.map(({ address }) => address).join(', '));
    return reachable;
  };

  return {
    check(text) {
      const url = parse(text);
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0 && !isAllowed(host)) throw refused(host);
      const isLocal = host === 'localhost' || host.endsWith('.localhost');
      if (isLocal && !isAllowed('127.0.0.1') && !isAllowed('::1')) throw refused(host);
      return url;
    },
    lookup(name, options, done) {
      callbackify(resolved)(name, (error, found) => {
        if (error !== null) return done(error, '');
        const [first = { address: '', family: 0 }] = found;
        return options.all === true ? done(null, found) : done(null, first.address, first.family);
      });
    },
  };
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw unfit('this is no URL', 'Give one such as https://example.org/hook.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw unfit(`${url.protocol} is not http: or https:`, 'Give a URL that begins with https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw unfit('the URL holds a user name or a password', 'Leave out what stands before the @.');
  }
  if (url.hostname.endsWith('.')) {
    throw unfit(`${url.hostname} ends in a dot`, 'Leave out the dot behind the name of the host.');
  }
  if (UNSAFE_PORTS.has(Number(url.port))) {
    throw unfit(`port ${url.port} is that of another service`, 'Let the receiver use another one.');
  }
  url.hash = '';
  return url;
}

function unfit(message: string, hint: string): SignalboxError {
  return new SignalboxError('invalid_input', message, { hint });
}

function refused(name: string, found?: string): SignalboxError {
  const where = found === undefined ? `${name} is` : `${name} is at ${found}, which is`;
  const range = (found ?? (isIP(name) === 0 ? '127.0.0.1, ::1' : name)).split(', ')[0] ?? name;
  return new SignalboxError('invalid_input', `${where} not a public address`, {
    hint: `Whoever runs the hub may allow it: \`signalbox start --webhook-allow ${range}\`.`,
  });
}

async function bySystem(name: string): Promise<Found[]> {
  return systemLookup(name, { all: true });
}
