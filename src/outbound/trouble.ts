/** Why a receiver could not be reached, in words for whoever set it up. */
import { SignalboxError } from '../contract/errors.ts';

/** The time limit of an exchange has passed. */
export class NoAnswer extends Error {
  constructor(afterMs: number) {
    super(`no answer within ${afterMs / 1_000} s`);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: the connection was refused',
  ECONNRESET: 'it cut the connection',
  EPIPE: 'it cut the connection',
  EHOSTUNREACH: 'there is no way to its address',
  ENETUNREACH: 'there is no way to its address',
  ETIMEDOUT: 'the connection took too long',
  ENOTFOUND: 'the name of the host cannot be resolved',
  EAI_AGAIN: 'the name of the host cannot be resolved now',
};
const CHARS_MAX = 300;

export function troubleInWords(error: unknown): string {
  if (error instanceof SignalboxError) return `${error.message}. ${error.hint}`;
  if (!(error instanceof Error)) return 'the request failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return error.message.slice(0, CHARS_MAX);
  if (code.startsWith('HPE_')) return 'what it answered is not HTTP';
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) return `its certificate is not trusted: ${code}`;
  return WORDS[code] ?? `the request failed: ${code}`;
}
