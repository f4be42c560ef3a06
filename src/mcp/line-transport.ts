/**
 * Frames of JSON-RPC, one a line. What is no frame is answered with an error and passed over, so
 * that one bad line costs its sender one answer and not the conversation: lines that are cut, that
 * are too long, that are no UTF-8, no JSON or no JSON-RPC, and requests before the handshake.
 *
 * What was asked before the input ended is still answered.
 */
import type { Readable, Writable } from 'node:stream';
import {
  type JSONRPCMessage,
  parseJSONRPCMessage,
  ProtocolErrorCode,
  type Transport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { limits } from '../contract/index.ts';
import { parseBounded } from '../core/json.ts';

const NEWLINE = 0x0a;
const ENVELOPE = 'io.modelcontextprotocol/protocolVersion';
const CLIENT = 'io.modelcontextprotocol/clientInfo';
/** What may be asked before `initialize` in the older revision. */
const BEFORE_HANDSHAKE = ['initialize', 'ping'];

const decoder = new TextDecoder('utf-8', { fatal: true });
const Info = z.object({ name: z.string() });
/** As much of a request as tells its revision and its sender; the newer one says both each time. */
const Opening = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z
    .object({
      clientInfo: Info.optional().catch(undefined),
      _meta: z.record(z.string(), z.unknown()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});
type Opening = z.infer<typeof Opening>;

export interface Wires {
  input: Readable;
  output: Writable;
  /** Hears what the client calls itself. */
  onClient: (name: string) => void;
}

type Id = string | number;

export class LineTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  readonly #wires: Wires;
  readonly #asked = new Set<Id>();
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isTooLong = false;
  #isShaken = false;
  #hasEnded = false;
  #isClosed = false;

  constructor(wires: Wires) {
    this.#wires = wires;
  }

  async start(): Promise<void> {
    const { input, output } = this.#wires;
    input.on('data', (chunk: Buffer) => this.#take(chunk));
    input.on('end', () => this.#end());
    input.on('error', () => this.#end());
    output.on('error', () => void this.close());
  }

  send(message: JSONRPCMessage): Promise<void> {
    if ('id' in message && !('method' in message) && message.id !== undefined) {
      this.#asked.delete(message.id);
    }
    return this.#write(message).then(() => this.#closeIfOver());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wires.input.removeAllListeners('data').pause();
    this.onclose?.();
  }

  #take(chunk: Uint8Array): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#hold(chunk.subarray(from, at));
      this.#lineOver();
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
  }

  #hold(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > limits.frameBytesMax) {
      this.#isTooLong = true;
      this.#chunks = [];
    } else if (part.length > 0) this.#chunks.push(part);
  }

  #lineOver(): void {
    const [bytes, isTooLong] = [Buffer.concat(this.#chunks), this.#isTooLong];
    this.#chunks = [];
    this.#bytes = 0;
    this.#isTooLong = false;
    if (isTooLong) {
      const most = `a frame may have ${limits.frameBytesMax} bytes`;
      return this.#refuse(null, ProtocolErrorCode.InvalidRequest, most);
    }
    if (bytes.length > 0) this.#line(bytes);
  }

  #line(bytes: Uint8Array): void {
    const value = parsed(bytes);
    if (value instanceof Error) {
      return this.#refuse(null, ProtocolErrorCode.ParseError, value.message);
    }
    if (value === undefined) return;
    const message = asMessage(value.json);
    if (message === undefined) {
      const said = 'this is no message of JSON-RPC 2.0; send one object a line';
      return this.#refuse(idOf(value.json), ProtocolErrorCode.InvalidRequest, said);
    }
    const opening = Opening.safeParse(message);
    if (opening.success && !this.#mayPass(opening.data)) return;
    this.onmessage?.(message);
  }

  #mayPass({ id, method, params }: Opening): boolean {
    const meta = params?._meta;
    const isModern = meta !== undefined && ENVELOPE in meta;
    const isEarly = !isModern && !this.#isShaken && !BEFORE_HANDSHAKE.includes(method);
    if (id !== undefined && isEarly) {
      this.#refuse(id, ProtocolErrorCode.InvalidRequest, 'send initialize first');
      return false;
    }
    if (isModern || method === 'initialize') {
      this.#isShaken = true;
      const info = Info.safeParse(meta?.[CLIENT] ?? params?.clientInfo);
      if (info.success) this.#wires.onClient(info.data.name);
    }
    if (id !== undefined) this.#asked.add(id);
    return true;
  }

  #refuse(id: Id | null, code: number, message: string): void {
    this.onerror?.(new Error(message));
    void this.#write({ jsonrpc: '2.0', id, error: { code, message } });
  }

  #write(frame: object): Promise<void> {
    return new Promise((resolve) => {
      this.#wires.output.write(`${JSON.stringify(frame)}\n`, () => resolve());
    });
  }

  /** A last line without its end was cut. */
  #end(): void {
    if (this.#bytes > 0) this.#lineOver();
    this.#hasEnded = true;
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (this.#hasEnded && this.#asked.size === 0) void this.close();
  }
}

function parsed(bytes: Uint8Array): { json: unknown } | Error | undefined {
  try {
    const text = decoder.decode(bytes).trim();
    if (text === '') return undefined;
    const bounded = parseBounded(text, limits.nestingMax);
    if (bounded !== undefined) return { json: bounded.value };
    return new Error(`the JSON nests deeper than ${limits.nestingMax}`);
  } catch {
    return new Error('the line is not JSON in UTF-8');
  }
}

function asMessage(value: unknown): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(value);
  } catch {
    return undefined;
  }
}

function idOf(value: unknown): Id | null {
  const found = z.object({ id: z.union([z.string(), z.number()]) }).safeParse(value);
  return found.success ? found.data.id : null;
}
