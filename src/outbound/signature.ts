/** Signatures as Standard Webhooks 1.0.0 has them: HMAC-SHA256 of `id.seconds.body`, in base64. */
import { createHmac } from 'node:crypto';
import type { Random } from '../core/random.ts';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

export function newWebhookSecret(random: Random): string {
  return `${PREFIX}${Buffer.from(random.bytes(SECRET_BYTES)).toString('base64')}`;
}

export interface Signed {
  id: string;
  timestampS: number;
  body: string;
}

/** One signature for each secret, as the header has them: receivers take any that fits. */
export function signatures({ id, timestampS, body }: Signed, secrets: readonly string[]): string {
  return secrets
    .map((secret) => Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .map((key) => createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64'))
    .map((signature) => `v1,${signature}`)
    .join(' ');
}
