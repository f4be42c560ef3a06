/** Wrong codes at the doors: bounded by where they come from, whatever they say of that. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { openDoors } from './fixture.ts';

const REDEEM = '/v1/invite.redeem';
const WRONG = 'WWWW-WWWW-WWWW-WWWW-WWWW';

interface Heard {
  status: number;
  retryAfter: string | undefined;
}

interface Way {
  /** What the caller says of where it is. */
  spoofed?: string;
  path?: string;
}

/** From an address of loopback that is not the usual one. */
function askFrom(
  localAddress: string,
  url: string,
  { spoofed = '', path = REDEEM }: Way = {},
): Promise<Heard> {
  const headers = {
    authorization: `Bearer ${WRONG}`,
    'content-type': 'application/json',
    'x-forwarded-for': spoofed,
  };
  return new Promise((resolve, reject) => {
    const method = path === REDEEM ? 'POST' : 'GET';
    const asked = request(url + path, { method, localAddress, headers });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      answer.resume();
      const { statusCode: status = 0, headers: got } = answer;
      resolve({ status, retryAfter: got['retry-after'] });
    });
    asked.end(path === REDEEM ? '{}' : undefined);
  });
}

test('an address that brings many wrong codes is told to wait, and another is not', async () => {
  const { url } = await openDoors('token');
  for (let n = 0; n < limits.inviteGuessesPerAddress; n++) {
    expect((await askFrom('127.0.0.2', url, { spoofed: `10.0.0.${n}` })).status).toBe(401);
  }
  const { status, retryAfter } = await askFrom('127.0.0.2', url, { spoofed: '10.0.0.99' });
  expect(status).toBe(429);
  expect(Number(retryAfter)).toBeGreaterThan(0);
  const { status: events } = await askFrom('127.0.0.2', url, { path: '/v1/events' });
  expect(events, 'whichever door').toBe(429);
  expect((await askFrom('127.0.0.3', url, { spoofed: '10.0.0.99' })).status).toBe(401);
});

test('a code is no token at any door', async () => {
  const { hub, url, ask } = await openDoors('token');
  const root = await hub.as('root', 'admin');
  const { code } = await root.invite.create({ agent: 'bob' });
  const headers = { authorization: `Bearer ${code}` };
  const asked = [
    await ask('POST', '/v1/task.submit', { json: { title: 'x' }, headers }),
    await ask('POST', '/v1/token.create', { json: { agent: 'x' }, headers }),
    await ask('GET', '/v1/artifact.download?id=x', { headers }),
  ];
  for (const { status } of asked) expect(status).toBe(403);
  const redeemed = await ask('POST', '/v1/invite.redeem', { json: {}, headers });
  expect(redeemed.status).toBe(200);
  expect((await ask('POST', '/v1/invite.redeem', { json: {}, headers })).status).toBe(401);
  expect(url).toMatch(/^http/);
});
