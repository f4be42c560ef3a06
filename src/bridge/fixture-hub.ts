/**
 * For tests: a small hub that keeps the promises of the contract about mailboxes (cursors, keys,
 * states) in memory, behind the transport that the bridge speaks over. A test may break the wire.
 */
import { createServer, type Server } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { createClient, type Client } from '../client/client.ts';
import type { Request, Transport } from '../client/transport.ts';
import { nameKey, operations, SignalboxError } from '../contract/index.ts';
import type { Delivery, InboxItem, Input, Message, Output } from '../contract/index.ts';

interface Held {
  message: Message;
  delivery: Delivery;
  key: string;
  receipt: string;
}

export type Wire = (call: { operation: string; agent: string }, apply: () => unknown) => unknown;

export class ScriptedHub {
  readonly held: Held[] = [];
  readonly said: string[] = [];
  /** How a call travels: a test may refuse it, lose its answer, or act in between. */
  wire: Wire = (_, apply) => apply();
  readonly answers = new Map<string, unknown>();
  readonly #open: Server[] = [];

  client(agent: string): Client {
    const transport: Transport = {
      call: async ({ operation, input, key, signal }) => {
        signal?.throwIfAborted();
        const output = await this.wire({ operation, agent }, () =>
          this.invoke(agent, { operation, input, key }),
        );
        return { output: structuredClone(output), isDeduplicated: false };
      },
      upload: () => Promise.reject(new Error('not here')),
      download: () => Promise.reject(new Error('not here')),
      subscribe: ({ onEnd }) => ({ close: () => onEnd(undefined) }),
      close: () => {},
    };
    return createClient(transport);
  }

  /** The same over HTTP, for a bridge in a process of its own. */
  async serve(): Promise<string> {
    const server = createServer((request, response) => {
      const answer = async (): Promise<void> => {
        const input: unknown = JSON.parse(await textOf(request));
        const operation = request.url?.slice('/v1/'.length) ?? '';
        const agent = String(request.headers['x-signalbox-agent']);
        const key = request.headers['idempotency-key'];
        const asked = { operation, input, key: typeof key === 'string' ? key : undefined };
        try {
          const output = await this.wire({ operation, agent }, () => this.invoke(agent, asked));
          response.end(JSON.stringify(output));
        } catch (error) {
          const known =
            error instanceof SignalboxError ? error : new SignalboxError('internal', String(error));
          response.statusCode = known.code === 'unavailable' ? 503 : 409;
          response.end(JSON.stringify({ error: known.toBody() }));
        }
      };
      void answer().catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#open.push(server);
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  close(): void {
    for (const server of this.#open) {
      server.closeAllConnections();
      server.close();
    }
  }

  invoke(agent: string, { operation, input, key }: Request): unknown {
    const kept = `${nameKey(agent)} ${operation} ${key}`;
    if (key !== undefined && this.answers.has(kept)) return this.answers.get(kept);
    const output = this.#handle(agent, operation, input);
    if (key !== undefined) this.answers.set(kept, output);
    return output;
  }

  /** What waits for this agent. */
  pending(agent: string): Held[] {
    const own = this.held.filter(({ key }) => key === nameKey(agent));
    return own.filter(({ delivery }) => delivery.state === 'pending');
  }

  of(agent: string): Message[] {
    return this.held.filter(({ key }) => key === nameKey(agent)).map(({ message }) => message);
  }

  stateOf(id: string): string {
    return this.held.find(({ message }) => message.id === id)?.delivery.state ?? 'none';
  }

  send(from: string, to: string, parts: Partial<Input<'message.send'>> = {}): string {
    const output = this.#send(from, { to: { agent: to }, ...parts });
    return output.id;
  }

  #handle(agent: string, operation: string, raw: unknown): unknown {
    this.said.push(`${operation} ${agent}`);
    switch (operation) {
      case 'event.list':
        return { items: [], nextCursor: 0, headCursor: 0 };
      case 'message.send':
        return this.#send(agent, operations['message.send'].input.parse(raw));
      case 'message.read':
        return this.#read(agent, operations['message.read'].input.parse(raw));
      case 'message.ack':
        return this.#ack(agent, operations['message.ack'].input.parse(raw).ids ?? []);
      case 'message.term':
        return this.#term(operations['message.term'].input.parse(raw));
      case 'message.show': {
        const { id } = operations['message.show'].input.parse(raw);
        const all = this.held.filter(({ message }) => message.id === id);
        return { message: all[0]?.message, deliveries: all.map(({ delivery }) => delivery) };
      }
      case 'message.list':
        return this.#list(operations['message.list'].input.parse(raw));
      default:
        throw new SignalboxError('unknown_operation', operation);
    }
  }

  #send(from: string, input: Input<'message.send'>): Output<'message.send'> {
    const { to, type = 'MESSAGE', text = '', data = null, thread = null } = input;
    if (!('agent' in to)) throw new SignalboxError('invalid_input', 'only to agents here');
    const number = this.held.length + 1;
    const id = `msg_${String(number).padStart(21, '0')}`;
    const createdAtMs = 1_764_873_000_000;
    const message: Message = {
      id,
      from,
      to,
      type,
      text,
      data,
      thread,
      replyTo: input.replyTo ?? null,
      priority: input.priority ?? 'normal',
      isSignal: input.isSignal ?? false,
      createdAtMs,
      expiresAtMs: null,
    };
    const delivery = newDelivery(to.agent, number);
    this.held.push({ message, delivery, key: nameKey(to.agent), receipt: `r${number}` });
    return { id, recipients: 1, createdAtMs, cursor: null };
  }

  #read(agent: string, input: Input<'message.read'>): object {
    const { after = 0, limit = 50 } = input;
    const all = this.pending(agent).filter(({ delivery }) => delivery.cursor > after);
    const items = all.slice(0, limit).map(({ message, delivery, receipt }): InboxItem => {
      const { cursor, state, handOuts } = delivery;
      const lease = { isRedelivered: false, leaseUntilMs: null };
      return { message, cursor, receipt, state, handOuts, ...lease };
    });
    return { items, nextCursor: items.at(-1)?.cursor ?? after, pending: all.length };
  }

  #ack(agent: string, ids: readonly string[]): object {
    const mine = this.pending(agent).filter(({ message }) => ids.includes(message.id));
    for (const { delivery } of mine) delivery.state = 'acked';
    return { count: mine.length };
  }

  #term({ id, receipt, reason }: Input<'message.term'>): object {
    const held = this.held.find(({ message }) => message.id === id);
    if (held?.delivery.state !== 'pending' || held.receipt !== receipt) {
      throw new SignalboxError('conflict', `${id} is not held under this receipt`);
    }
    Object.assign(held.delivery, { state: 'dead', reason });
    return held.delivery;
  }

  #list({ from, to, type, cursor = '0', limit = 50 }: Input<'message.list'>): object {
    const found = this.held
      .filter(({ message, key }) => message.from === from && key === nameKey(to ?? ''))
      .filter(({ message }) => type === undefined || message.type === type)
      .toReversed();
    const end = Number(cursor) + limit;
    const items = found.slice(Number(cursor), end).map(({ message }) => message);
    return { items, nextCursor: end < found.length ? String(end) : null };
  }
}

function newDelivery(recipient: string, cursor: number): Delivery {
  return {
    recipient,
    state: 'pending',
    cursor,
    storedAtMs: 1,
    offeredAtMs: null,
    seenAtMs: null,
    ackedAtMs: null,
    answeredAtMs: null,
    handOuts: 0,
    failures: 0,
    reason: null,
    nextCheckMs: 1,
  };
}
