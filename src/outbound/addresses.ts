/**
 * Which addresses lie outside of the house. What is not known to be public is not: of IPv6 only
 * global unicast is, and an address that carries an IPv4 address is judged by that one.
 *
 * Ranges: the special-purpose registries of IANA (RFC 6890 and its updates), multicast and class E,
 * and the one metadata address of a cloud that lies among public ones.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { SignalboxError } from '../contract/errors.ts';

const NOT_PUBLIC_V4 = [
  '0.0.0.0/8', // this host
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by carriers (CGNAT)
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // the host below a virtual machine in Azure
  '169.254.0.0/16', // link-local, and with it the metadata of most clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];
const PUBLIC_V6 = ['2000::/3'];
const NOT_PUBLIC_V6 = [
  '2001::/23', // protocol assignments, Teredo among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which nobody runs any more
  '3fff::/20', // documentation
];
/** Those whose last 32 bits are an IPv4 address: mapped ones, and NAT64. */
const CARRIES_V4 = ['::ffff:0:0/96', '64:ff9b::/96'];

const notPublicV4 = listOf(NOT_PUBLIC_V4);
const publicV6 = listOf(PUBLIC_V6);
const notPublicV6 = listOf(NOT_PUBLIC_V6);
const carriesV4 = listOf(CARRIES_V4);

export interface Addresses {
  /** May a request go there? */
  isAllowed: (address: string) => boolean;
}

/** `allowed`: ranges such as `10.1.0.0/16`, or single addresses, that are let through as well. */
export function addresses(allowed: readonly string[]): Addresses {
  const extra = listOf(allowed);
  return {
    isAllowed(address) {
      const plain = carried(address) ?? address;
      return holds(extra, address) || holds(extra, plain) || isPublic(plain);
    },
  };
}

function isPublic(address: string): boolean {
  if (isIPv6(address)) return holds(publicV6, address) && !holds(notPublicV6, address);
  return isIP(address) === 4 && !holds(notPublicV4, address);
}

/** The IPv4 address inside of an IPv6 one. */
function carried(address: string): string | undefined {
  if (!isIPv6(address) || !holds(carriesV4, address)) return undefined;
  // As a URL has it, it is canonical: hexadecimal, and shortened where there are zeros.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [high = 0, low = 0] = canonical
    .split(':')
    .slice(-2)
    .map((group) => Number.parseInt(group === '' ? '0' : group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) add(list, range);
  return list;
}

function add(list: BlockList, range: string): void {
  const [address = '', digits, ...rest] = range.split('/');
  const bits = isIPv6(address) ? 128 : 32;
  const prefix = digits === undefined ? bits : Number(digits);
  const isFine =
    isIP(address) !== 0 &&
    !address.includes('%') &&
    rest.length === 0 &&
    (digits === undefined || /^\d{1,3}$/.test(digits)) &&
    prefix <= bits;
  if (!isFine) {
    throw new SignalboxError('invalid_input', `${range} is no range of addresses`, {
      hint: 'Give one such as 10.1.0.0/16, 127.0.0.1 or fd00::/8.',
    });
  }
  list.addSubnet(address, prefix, bits === 128 ? 'ipv6' : 'ipv4');
}
