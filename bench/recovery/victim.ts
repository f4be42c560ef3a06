/**
 * An agent in a process of its own, as small as it can be, so that many of them start quickly. It
 * speaks the protocol by hand: takes what it is offered, says that it has begun, and beats.
 */
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { z } from 'zod';

const Frame = z.object({
  welcome: z.unknown().optional(),
  id: z.number().optional(),
  ok: z.object({ sessionId: z.string(), cursor: z.number(), beatMs: z.number() }).optional(),
  event: z.object({ subject: z.string(), data: z.object({ fence: z.number() }) }).optional(),
});

const CONNECT = 1;
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    token: { type: 'string', default: '' },
    can: { type: 'string', default: '' },
  },
});
const socket = new WebSocket(`${values.url.replace(/^http/, 'ws')}/v1/socket`);
let last = CONNECT;
const send = (frame: object): void => socket.send(JSON.stringify(frame));
const call = (name: string, input: object): void => {
  send({ id: ++last, call: name, input, key: `${process.pid}-${last}` });
};
socket.on('open', () => send({ hello: { protocol: 1, token: values.token } }));
socket.on('close', () => process.exit());
socket.on('message', (data: Buffer) => {
  const { welcome, id, ok, event } = Frame.safeParse(JSON.parse(data.toString())).data ?? {};
  if (welcome !== undefined) {
    const input = { capabilities: [values.can] };
    send({ id: CONNECT, call: 'agent.connect', input, key: `${process.pid}` });
  }
  if (id === CONNECT && ok !== undefined) {
    const { sessionId, cursor, beatMs } = ok;
    const filter = { mine: true, types: ['task.offered'] };
    send({ id: ++last, subscribe: { after: cursor, filter } });
    setInterval(() => call('agent.heartbeat', { sessionId }), beatMs);
    console.log('connected');
  }
  if (event === undefined) return;
  const held = { taskId: event.subject, fence: event.data.fence };
  call('task.accept', held);
  call('task.start', held);
});
