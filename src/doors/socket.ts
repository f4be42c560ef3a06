/**
 * WebSocket: the same operations as frames, and events pushed. The frames stand in
 * docs/protocol.md; a rule stands in the hub, not here.
 *
 * Nothing grows without a bound: a caller that has too much under way, or does not read its
 * answers, is not read from until it has caught up.
 */
import type { Socket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import {
  type Connect,
  type Connection,
  type Credential,
  isPassing,
  limits,
  operations,
  SignalboxError,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { SocketFeeds } from './socket-feeds.ts';
import {
  AnyFrame,
  bodyOf,
  CallFrame,
  closeCodes,
  framesOf,
  greetingOf,
  SubscribeFrame,
  UnsubscribeFrame,
} from './socket-frames.ts';
import { isQuery, SocketTurns } from './socket-turns.ts';
import { SocketWire } from './socket-wire.ts';

const HELLO_MS = 5_000;
const UNDER_WAY_MAX = 512;

export interface SocketDoor {
  connect: Connect;
  clock: Clock;
}

export function socketServer(door: SocketDoor): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytesMax,
    perMessageDeflate: false,
  });
  server.on('connection', (socket, request) => new SocketSession(socket, request.socket, door));
  return server;
}

class SocketSession {
  readonly #socket: WebSocket;
  readonly #wire: SocketWire;
  readonly #connection: Connection;
  readonly #feeds: SocketFeeds;
  readonly #turns: SocketTurns;
  readonly #cancelHelloTimer: () => void;
  #credential: Credential | undefined = undefined;
  #welcoming: Promise<void> | undefined = undefined;
  #underWay = 0;
  #isPaused = false;

  constructor(socket: WebSocket, stream: Socket, { connect, clock }: SocketDoor) {
    this.#socket = socket;
    this.#wire = new SocketWire(socket, stream);
    this.#connection = connect((reason) => this.#ended(reason));
    this.#feeds = new SocketFeeds(this.#connection, this.#wire);
    this.#turns = new SocketTurns(this.#wire);
    this.#cancelHelloTimer = clock.after(HELLO_MS, () => {
      socket.close(closeCodes.noHello, 'no hello came');
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      this.#cancelHelloTimer();
      this.#wire.release();
      this.#feeds.closeAll();
      this.#connection.close();
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    let frames: unknown[];
    try {
      frames = framesOf(data, isBinary);
    } catch (error) {
      return this.#refuse(error, closeCodes.protocol);
    }
    for (const frame of frames) this.#take(frame);
  }

  #take(frame: unknown): void {
    if (this.#credential === undefined) return this.#greet(frame);
    this.#underWay += 1;
    if (this.#underWay >= UNDER_WAY_MAX) this.#pause();
    void this.#answer(frame, this.#credential).finally(() => {
      this.#underWay -= 1;
      this.#resume();
    });
  }

  #greet(frame: unknown): void {
    const greeting = greetingOf(frame);
    if (greeting instanceof SignalboxError) return this.#refuse(greeting, closeCodes.protocol);
    this.#cancelHelloTimer();
    this.#wire.takesArrays = greeting.takesArrays;
    const credential = { ...greeting.credential, ...this.#wire.caller };
    this.#credential = credential;
    this.#welcoming = this.#welcome(credential).finally(() => {
      this.#welcoming = undefined;
    });
  }

  async #welcome(credential: Credential): Promise<void> {
    const ask = (operation: string, input: unknown) =>
      this.#connection.invoke({ operation, input, credential });
    try {
      const who = operations['hub.whoami'].output.parse((await ask('hub.whoami', {})).output);
      const { name, role, project } = who;
      const listed = (await ask('event.list', { limit: 1 })).output;
      const { headCursor: cursor } = operations['event.list'].output.parse(listed);
      this.#send({ welcome: { protocol: 1, name, role, project, cursor } });
    } catch (error) {
      this.#ended(error);
    }
  }

  async #answer(frame: unknown, credential: Credential): Promise<void> {
    if (this.#welcoming !== undefined) await this.#welcoming;
    const known = AnyFrame.safeParse(frame);
    try {
      await this.#do(frame, credential);
    } catch (error) {
      if (known.success) this.#send({ id: known.data.id, error: bodyOf(error) });
      else this.#refuse(error, closeCodes.protocol);
    }
  }

  async #do(frame: unknown, credential: Credential): Promise<void> {
    const call = CallFrame.safeParse(frame);
    if (call.success && isQuery(call.data.call)) {
      return this.#turns.take(() => this.#call(call.data, credential));
    }
    if (call.success) return this.#call(call.data, credential);
    const subscribe = SubscribeFrame.safeParse(frame);
    if (subscribe.success) {
      return this.#turns.take(() => this.#feeds.open(subscribe.data, credential));
    }
    const unsubscribe = UnsubscribeFrame.safeParse(frame);
    if (unsubscribe.success) return this.#turns.take(() => this.#unsubscribe(unsubscribe.data));
    const message = 'a frame is a call, a subscribe or an unsubscribe with an id';
    throw new SignalboxError('invalid_input', message);
  }

  async #unsubscribe({ id, unsubscribe }: UnsubscribeFrame): Promise<void> {
    this.#feeds.close(unsubscribe);
    this.#send({ id, ok: {} });
  }

  async #call({ id, call, input, key }: CallFrame, credential: Credential): Promise<void> {
    const { output, isDeduplicated } = await this.#connection.invoke({
      operation: call,
      input: input ?? {},
      credential,
      ...(key === undefined ? {} : { key }),
    });
    this.#send(isDeduplicated ? { id, ok: output, deduplicated: true } : { id, ok: output });
  }

  #send(frame: unknown): void {
    this.#wire.write(JSON.stringify(frame), () => this.#resume());
    if (this.#wire.isFull) this.#pause();
  }

  #pause(): void {
    if (this.#isPaused || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#underWay > UNDER_WAY_MAX / 2 || !this.#wire.hasRoom) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #refuse(error: unknown, code: number): void {
    this.#send({ error: bodyOf(error) });
    this.#wire.flush();
    this.#socket.close(code);
  }

  /** The hub lets go of this wire, or never took it: whoever was not refused may come again. */
  #ended(reason: unknown): void {
    const mayReturn = !(reason instanceof SignalboxError) || isPassing(reason);
    this.#refuse(reason, mayReturn ? closeCodes.goingAway : closeCodes.unauthenticated);
  }
}
