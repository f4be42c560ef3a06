/**
 * Ours, as shipped: token, validation, events, idempotency key and journal on; every answer after
 * fsync. Sixteen publishers with a token and a socket each; one consumer is pushed to and
 * acknowledges as the client does it: what was handled while one acknowledgement was under way
 * goes into the next.
 */
import { connect, consume } from '../../src/client/index.ts';
import { type Contender, drive, type Hooks } from './driver.ts';

const PUBLISHERS = 16;

async function make(url: string, hooks: Hooks): Promise<Contender> {
  const address = new URL(url);
  const admin = connect({ url: address.origin, token: address.hash.slice(1), transport: 'http' });
  const made = async (agent: string) => {
    const { secret } = await admin.token.create({ agent });
    return connect({ url: address.origin, token: secret });
  };
  const agent = `bench-${process.pid}`;
  const lanes = Array.from({ length: PUBLISHERS }, (_, index) => index);
  const publishers = await Promise.all(lanes.map((index) => made(`${agent}-publisher-${index}`)));
  const consumer = await made(agent);
  let handled = 0;
  consume(consumer, {
    onItem({ message }) {
      handled += 1;
      hooks.delivered(Number(message.data?.['sentMs']));
    },
    onAcked: (ids) => hooks.acked(ids.length),
    onError: (error) => console.error(error),
  });
  admin.close();
  return {
    async publish(sentMs, lane) {
      const data = { sentMs };
      const input = { to: { agent }, text: hooks.payload, data, isSignal: true };
      await publishers[lane]?.message.send(input);
    },
    async stop() {
      if (handled === 0) throw new Error('nothing was pushed');
      for (const client of [consumer, ...publishers]) client.close();
    },
  };
}

await drive(make);
