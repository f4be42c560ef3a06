/**
 * The client of a Signalbox hub, for Node and for browsers.
 *
 * ```ts
 * import { connect } from 'signalbox/client';
 *
 * const hub = connect({ url: 'http://127.0.0.1:8080', token: 'sbx_…' });
 * const { id } = await hub.task.submit({ title: 'Write the README' });
 * const { cursor } = await hub.hub.status();
 * hub.subscribe({ after: cursor, filter: { subject: id }, onEvent: (event) => show(event) });
 * hub.close();
 * ```
 *
 * Every method answers with the operation's output, or throws a `SignalboxError` with a code, a
 * message and a hint. A command that was answered is on the hub's disk. When the wire breaks,
 * calls are sent again under the same idempotency key and feeds go on after the last event they
 * delivered.
 */
export { AgentCoordinationClient } from './coordination.ts';
export type { CoordinationOptions } from './coordination.ts';
export { connect, createClient } from './client.ts';
export type { CallOptions, Client, ConnectOptions, DownloadOptions } from './client.ts';
export type { Downloaded, Subscription } from './client.ts';
export { consume } from './consume.ts';
export type { Consumption } from './consume.ts';
export { httpTransport } from './http.ts';
export type { HttpOptions } from './http.ts';
export { localTransport } from './local.ts';
export { SignalClient } from './signals.ts';
export type { Signal } from '../contract/signal.ts';
export { socketTransport } from './socket.ts';
export type { SocketOptions } from './socket.ts';
export type { Closable, ConnectionState, Download, Reader, UploadBody } from './transport.ts';
export type { DownloadRequest, UploadRequest } from './transport.ts';
export type { Request, StateListener, Transport } from './transport.ts';
export { SignalboxError } from '../contract/errors.ts';
