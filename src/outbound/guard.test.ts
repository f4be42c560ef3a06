/** Where a request may go, as a table. */
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SignalboxError } from '../contract/index.ts';
import { addresses } from './addresses.ts';
import { createGuard, type Found, type GuardOptions } from './guard.ts';

const refused: [why: string, ...addresses: string[]][] = [
  ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
  ['unspecified', '0.0.0.0', '0.1.2.3', '::'],
  ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fdff::1'],
  ['link-local', '169.254.1.1', 'fe80::1', 'febf::1', 'fec0::1'],
  ['metadata', '169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254'],
  ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
  ['broadcast and reserved', '255.255.255.255', '240.0.0.1'],
  ['documentation', '192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  ['benchmarks and protocols', '198.18.0.1', '198.19.255.255', '192.0.0.192'],
  ['mapped', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::ffff:0:1'],
  ['compatible, long since unused', '::127.0.0.1', '::8.8.8.8'],
  ['6to4', '2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['NAT64 of private ones', '64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '64:ff9b::', '64:ff9b::1'],
  ['NAT64 of a site', '64:ff9b:1::1', '64:ff9b:1:ffff::808:808'],
  ['no address', '', 'localhost', '1.2.3', '127.1', '0x7f000001'],
];

const allowed = [
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001::1',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
];

test.each(refused)('an address that is %s is refused', (_why, ...list) => {
  const { isAllowed } = addresses([]);
  expect(list.filter((address) => isAllowed(address))).toEqual([]);
});

test('public addresses are allowed, the ones beside the borders too', () => {
  const { isAllowed } = addresses([]);
  expect(allowed.filter((address) => !isAllowed(address))).toEqual([]);
});

test('what the configuration names is allowed, and nothing beside it', () => {
  const { isAllowed } = addresses(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
  const list = ['10.1.2.3', '127.0.0.1', 'fd12::1', '::ffff:10.1.0.9', '64:ff9b::a01:1'];
  expect(list.filter((address) => !isAllowed(address))).toEqual([]);
  const others = ['10.2.0.1', '127.0.0.2', 'fc00::1', '::1', '::ffff:10.2.0.1'];
  expect(others.filter((address) => isAllowed(address))).toEqual([]);
});

test.each([
  '',
  'x',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '::/129',
  'fe80::1%eth0',
  '1.2.3/8',
])('the range %j is refused with a hint', (range) => {
  expect(() => addresses([range])).toThrow(/no range of addresses/);
});

const urls: [url: string, message: RegExp][] = [
  ['http://127.0.0.1/', /not a public address/],
  ['http://2130706433/', /127\.0\.0\.1 is not/],
  ['http://0x7f.1/', /127\.0\.0\.1 is not/],
  ['http://0177.0.0.1/', /127\.0\.0\.1 is not/],
  ['http://127.1/', /127\.0\.0\.1 is not/],
  ['http://127.0.0.1./', /127\.0\.0\.1 is not/],
  ['http://１２７.0.0.1/', /127\.0\.0\.1 is not/],
  ['http://%31%32%37.0.0.1/', /127\.0\.0\.1 is not/],
  ['http://0/', /0\.0\.0\.0 is not/],
  ['http://[::1]/', /::1 is not/],
  ['http://[::ffff:127.0.0.1]/', /not a public address/],
  ['http://[0:0:0:0:0:ffff:7f00:1]/', /not a public address/],
  ['http://169.254.169.254/latest/meta-data/', /not a public address/],
  ['http://localhost/', /localhost is not/],
  ['http://LOCALHOST:8080/', /localhost is not/],
  ['http://a.localhost/', /not a public address/],
  ['http://localhost./', /ends in a dot/],
  ['https://example.org./', /ends in a dot/],
  ['https://user@example.org/', /user name/],
  ['https://:secret@example.org/', /user name/],
  ['ftp://example.org/', /ftp: is not http/],
  ['file:///etc/passwd', /file: is not http/],
  ['gopher://example.org/', /is not http/],
  ['javascript:alert(1)', /is not http/],
  ['https://example.org:22/', /port 22/],
  ['http://example.org:6379/', /port 6379/],
  ['example.org', /no URL/],
  ['http://', /no URL/],
  ['http://[::1%25lo]/', /no URL/],
  ['', /no URL/],
];

test.each(urls)('the URL %s is refused with a hint', (url, message) => {
  const error = thrownBy(() => createGuard().check(url));
  expect(error.message).toMatch(message);
  expect(error.hint.length).toBeGreaterThan(10);
});

test('a URL on the open net is taken, on any usual port', () => {
  const { check } = createGuard();
  expect(check('https://example.org/hook?a=1#part').href).toBe('https://example.org/hook?a=1');
  for (const url of ['http://example.org:8080/', 'https://8.8.8.8/', 'https://[2606:4700::1]/'])
    expect(check(url).href).toBe(url);
});

test('the refusal names the option that allows the address', () => {
  expect(thrownBy(() => createGuard().check('http://10.1.2.3/')).hint).toContain(
    'signalbox start --webhook-allow 10.1.2.3',
  );
  const { check } = createGuard({ allowed: ['127.0.0.0/8'] });
  expect(check('http://localhost:9000/').port).toBe('9000');
});

test('a name is resolved to those of its addresses that may be reached', async () => {
  const found = [
    { address: '10.0.0.1', family: 4 },
    { address: '8.8.8.8', family: 4 },
  ];
  expect(await resolved({ resolve: async () => found })).toEqual([found[1]]);
});

test('a name that has only addresses that may not be reached is refused', async () => {
  const resolve = async (): Promise<Found[]> => [{ address: '127.0.0.1', family: 4 }];
  await expect(resolved({ resolve })).rejects.toThrow('example.org is at 127.0.0.1');
});

async function resolved(options: GuardOptions): Promise<unknown> {
  return promisify(createGuard(options).lookup)('example.org', { all: true });
}

function thrownBy(work: () => unknown): SignalboxError {
  try {
    work();
  } catch (error) {
    if (error instanceof SignalboxError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
