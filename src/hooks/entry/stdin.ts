/** What the client tells a hook. A client that says nothing, or too much, does not hold it up. */
import { isFields, parsed, type Fields } from './json.ts';
import { Trouble } from './trouble.ts';

const WAIT_MS = 1_000;
const BYTES_MAX = 1024 * 1024;

export async function readStdin(stream: NodeJS.ReadStream): Promise<string> {
  if (stream.isTTY) return '';
  const chunks: Buffer[] = [];
  let size = 0;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, WAIT_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > BYTES_MAX) end();
    });
    stream.on('end', end);
    stream.on('error', end);
  });
  stream.destroy();
  if (size > BYTES_MAX) {
    throw new Trouble('The client told this hook more than 1 MB.', 'It was not looked at.');
  }
  return Buffer.concat(chunks).toString();
}

export function toldIn(text: string): Fields {
  const told = parsed(text.replace(/^\uFEFF/, ''));
  if (isFields(told)) return told;
  const what = text.trim() === '' ? 'nothing' : 'no JSON object';
  throw new Trouble(`The client told this hook ${what}.`, 'See `signalbox hooks status`.');
}
