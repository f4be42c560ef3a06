/** Where a hub is, as a person writes it, turned into the addresses of its wires. */
import { SignalboxError } from '../contract/index.ts';

const SCHEMES = ['http:', 'https:', 'ws:', 'wss:'];

function parse(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !SCHEMES.includes(address.protocol)) {
    throw new SignalboxError('invalid_input', `\`${url}\` is not the address of a hub.`, {
      hint: 'Write it as http://127.0.0.1:8080 or https://hub.example.org.',
    });
  }
  return address;
}

function join(address: URL, scheme: string, path: string): string {
  return `${scheme}//${address.host}${address.pathname.replace(/\/+$/, '')}${path}`;
}

/** `http://host:port/v1/`: an operation's name follows. */
export function httpAddress(url: string): string {
  const address = parse(url);
  return join(address, address.protocol.replace('ws', 'http'), '/v1/');
}

export function socketAddress(url: string): string {
  const address = parse(url);
  return join(address, address.protocol.replace('http', 'ws'), '/v1/socket');
}
