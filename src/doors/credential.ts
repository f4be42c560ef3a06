/** Who asks over HTTP, in the words of the wire. */
import type { FastifyRequest } from 'fastify';
import type { Credential } from '../contract/index.ts';

/** `ip` is what the socket says, or a proxy in between. */
export function credentialOf({
  headers,
  ip,
}: Pick<FastifyRequest, 'headers'> & { ip?: string }): Credential {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const apiKey = headers['x-api-key'];
  const agent = headers['x-signalbox-agent'];
  const token = bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
  return {
    ...(token === undefined ? {} : { token }),
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(ip === undefined ? {} : { address: ip }),
  };
}
