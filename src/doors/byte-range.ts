/** `Range: bytes=…` of RFC 9110, as far as one range goes; for several, the whole is sent. */
import { type ByteRange, SignalboxError } from '../contract/index.ts';

const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/i;

/** Undefined where the whole is to be sent: no range was asked for, or none that is understood. */
export function byteRange(header: string | undefined, bytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = RANGE.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const count = Math.min(Number(last), bytes);
    if (count > 0) return { start: bytes - count, end: bytes };
    throw outOfRange(header, bytes);
  }
  const start = Number(first);
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== '' && Number(last) < start) return undefined;
  if (start < bytes) return { start, end };
  throw outOfRange(header, bytes);
}

function outOfRange(header: string | undefined, bytes: number): SignalboxError {
  return new SignalboxError('out_of_range', `${header} of ${bytes} bytes: there is nothing`, {
    details: { bytes },
  });
}
