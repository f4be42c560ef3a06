/**
 * One request to the hub over a plain socket. A library for HTTP would cost a hook more time than
 * all else that it does. The connection ends with the answer, and both have a bound.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { Trouble } from './trouble.ts';

const ANSWER_MS = 3_000;
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

export interface Asked {
  /** Of the hub: `http://host:port`, with a path in front where a proxy wants one. */
  url: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface Answered {
  status: number;
  body: string;
}

export async function post({ url, path, headers, body }: Asked): Promise<Answered> {
  const address = addressOf(url);
  const bytes = Buffer.from(body);
  const lines = Object.entries({
    host: address.host,
    'content-type': 'application/json',
    'content-length': String(bytes.length),
    connection: 'close',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  if (lines.some((line) => /[^\x20-\x7e]/.test(line))) {
    throw new Trouble('A token or a name holds signs that no request can carry.', 'Correct it.');
  }
  const target = address.pathname.replace(/\/+$/, '') + path;
  const head = [`POST ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  const socket = await opened(address);
  return exchange(socket, Buffer.concat([Buffer.from(head), bytes]), url);
}

function addressOf(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address !== undefined && /^(https?|wss?):$/.test(address.protocol)) return address;
  throw new Trouble(
    `\`${url}\` is not the address of a hub.`,
    'Write it as http://127.0.0.1:8080.',
  );
}

async function opened({ protocol, hostname, port }: URL): Promise<Socket> {
  const isSecure = protocol === 'https:' || protocol === 'wss:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const place = { host, port: port === '' ? (isSecure ? 443 : 80) : Number(port) };
  if (!isSecure) return connectPlain(place);
  const { connect } = await import('node:tls');
  return connect({ ...place, servername: host });
}

function exchange(socket: Socket, request: Buffer, url: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const lost = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Trouble(`The hub at ${url} ${why}.`, 'See `signalbox doctor`.'));
    };
    const timer = setTimeout(() => lost('did not answer in time'), ANSWER_MS);
    socket.on('error', ({ message }) => lost(`cannot be reached (${message})`));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > ANSWER_BYTES_MAX) lost('answers with more than a hook can take');
    });
    socket.on('end', () => {
      clearTimeout(timer);
      const answer = read(Buffer.concat(chunks));
      if (answer === undefined) lost('gave an answer that is not understood');
      else resolve(answer);
    });
    socket.write(request);
  });
}

/** Undefined where it is not an answer of HTTP, or was cut short. */
function read(bytes: Buffer): Answered | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, Math.max(end, 0)).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) return undefined;
  const rest = bytes.subarray(end + 4);
  const isChunked = /^transfer-encoding: *chunked *$/im.test(head);
  const body = isChunked ? joined(rest) : whole(rest, head);
  return body === undefined ? undefined : { status: Number(status), body: body.toString() };
}

function whole(body: Buffer, head: string): Buffer | undefined {
  const length = /^content-length: *(\d+) *$/im.exec(head)?.[1];
  if (length === undefined) return body;
  return body.length < Number(length) ? undefined : body.subarray(0, Number(length));
}

function joined(body: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16);
    const start = lineEnd + 2;
    if (lineEnd === -1 || !(size >= 0) || start + size > body.length) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(body.subarray(start, start + size));
    at = start + size + 2;
  }
}
