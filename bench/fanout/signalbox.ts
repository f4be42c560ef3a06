/**
 * Ours, as shipped: one message to a channel, pushed to a thousand sockets that speak the protocol
 * by hand, as those of the peer do. The deaf ones beside them subscribe too and then read nothing.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { connect } from '../../src/client/index.ts';
import { type Crowd, drive, type Wanted } from './driver.ts';

const AT_ONCE = 50;

async function make(url: string, wanted: Wanted): Promise<Crowd> {
  const { origin, hash } = new URL(url);
  const admin = connect({ url: origin, token: hash.slice(1), transport: 'http' });
  const channel = `bench-${process.pid}`;
  const { secret: token } = await admin.token.create({ agent: channel });
  const publisher = connect({ url: origin, token });
  const publish = () => publisher.message.send({ to: { channel }, data: {}, text: wanted.payload });
  await publish();
  const { cursor } = await admin.hub.status();
  const address = `${origin.replace(/^http/, 'ws')}/v1/socket`;
  const filter = { types: ['channel.posted'], subject: channel };
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await once(socket, 'open');
    socket.send(JSON.stringify({ hello: { protocol: 1, token } }));
    await once(socket, 'message');
    socket.send(JSON.stringify({ id: 1, subscribe: { after: cursor, filter } }));
    await once(socket, 'message');
    return socket;
  };
  const crowd: WebSocket[] = [];
  while (crowd.length < wanted.sockets) {
    const more = Math.min(AT_ONCE, wanted.sockets - crowd.length);
    crowd.push(...(await Promise.all(Array.from({ length: more }, open))));
  }
  for (const socket of crowd) {
    socket.on('message', (data: Buffer) => {
      JSON.parse(data.toString());
      wanted.received();
    });
  }
  for (let index = 0; index < wanted.deaf; index++) (await open()).pause();
  return {
    publish,
    async stop() {
      for (const client of [admin, publisher]) client.close();
    },
  };
}

await drive(make);
