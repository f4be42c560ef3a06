/** What stands in a notice, and that its signature is the one of the standard. */
import { expect, test } from 'vitest';
import { type Event, eventTypes, type WebhookShape, WebhookSecret } from '../contract/index.ts';
import { seededRandom } from '../core/random.ts';
import { requestOf } from './notice.ts';
import { newWebhookSecret, signatures } from './signature.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const AT = 1_700_000_000_500;
const nasty = '<!channel> @everyone [x](http://a) *b* &\n\u202e\u0000\ud800 `c`';

function event(data: Event['data'] = {}, type: Event['type'] = 'task.dead'): Event {
  return { seq: 7, atMs: AT, type, subject: 'tsk_1', actor: 'ada', audience: null, data };
}

function sent(shape: WebhookShape, told: Event): { body: string; headers: Record<string, string> } {
  const url = 'https://example.org/hook';
  const notice = { id: 'whd_1', url, shape, secrets: [SECRET], content: { event: told } };
  return requestOf(notice, AT);
}

test('the signature is that of the published test vector', () => {
  const signed = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampS: 1_614_265_330,
    body: '{"test": 2432232314}',
  };
  const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
  expect(signatures(signed, [SECRET])).toBe(expected);
  const [first, second] = signatures(signed, [newWebhookSecret(seededRandom(1)), SECRET]).split(
    ' ',
  );
  expect([first === expected, second]).toEqual([false, expected]);
});

test('a secret that is made here is one that is taken', () => {
  expect(WebhookSecret.safeParse(newWebhookSecret(seededRandom(1))).success).toBe(true);
});

test.each([
  ['whsec_', false],
  [`whsec_${Buffer.alloc(23).toString('base64')}`, false],
  [`whsec_${Buffer.alloc(24).toString('base64')}`, true],
  [`whsec_${Buffer.alloc(64).toString('base64')}`, true],
  [`whsec_${Buffer.alloc(65).toString('base64')}`, false],
  [Buffer.alloc(32).toString('base64'), false],
  [`whsec_${Buffer.alloc(32).toString('base64url')}`, false],
  [`whsec_${'a'.repeat(31)}!`, false],
])('the secret %s is taken or refused by its length and letters', (secret, isTaken) => {
  expect(WebhookSecret.safeParse(secret).success).toBe(isTaken);
});

test('the standard shape holds the whole event and the headers of the specification', () => {
  const told = event({ reason: nasty });
  const { body, headers } = sent('standard', told);
  expect(JSON.parse(body)).toEqual({
    type: 'task.dead',
    timestamp: '2023-11-14T22:13:20.500Z',
    data: JSON.parse(JSON.stringify(told)),
  });
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': 'whd_1',
    'webhook-timestamp': '1700000000',
    'webhook-signature': signatures({ id: 'whd_1', timestampS: 1_700_000_000, body }, [SECRET]),
  });
});

test('to Slack goes one line in which nothing mentions anybody', () => {
  const { body } = sent('slack', event({ reason: nasty }));
  const { text } = JSON.parse(body);
  expect(text).toContain('task.dead tsk_1: &lt;!channel&gt; @everyone');
  expect(text).not.toMatch(/[<>\p{Cc}\p{Cf}\p{Cs}]/u);
});

test('to Discord goes what mentions nobody, with its marks shown as they are', () => {
  const { body } = sent('discord', event({ reason: nasty }));
  const { content, allowed_mentions: mentions } = JSON.parse(body);
  expect(mentions).toEqual({ parse: [] });
  expect(content).toContain(String.raw`\<!channel\> \@everyone \[x\]\(http://a\) \*b\*`);
});

test('a message to Discord fits into its bound, however much has to be escaped', () => {
  const { body } = sent('discord', event({ url: '*'.repeat(5_000) }, 'repository.added'));
  expect(JSON.parse(body).content.length).toBeLessThanOrEqual(2_000);
});

test('to ntfy goes the sentence as text, with a title that no agent wrote', () => {
  const { body, headers } = sent('ntfy', event({ outcome: 'failed', reason: 'größer' }));
  expect(body).toBe('task.dead tsk_1: failed, größer');
  expect(headers).toMatchObject({ title: 'task.dead', priority: 'high', tags: 'task' });
  for (const type of eventTypes) {
    const { headers: of } = sent('ntfy', event({ reason: nasty }, type));
    expect(Object.values(of).join('')).toMatch(/^[ -~]+$/);
  }
});
