// Drives JetStream with the job that bench/fanout/driver.ts defines: node fanout.mjs PEER --url …
import { drive } from '../fanout/driver.ts';

const subject = `bench${process.pid}`;

const peers = {
  // A stream on file, its publication awaited; a subscription on a connection of its own each.
  async jetstream(url, { sockets, payload, received }) {
    const { connect } = await import('@nats-io/transport-node');
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const { host: servers } = new URL(url);
    for (let index = 0; index < sockets; index++) {
      const one = await connect({ servers });
      const callback = (_error, message) => (JSON.parse(message.string()), received());
      one.subscribe(`${subject}.all`, { callback });
      await one.flush();
    }
    const publisher = await connect({ servers });
    const manager = await jetstreamManager(publisher);
    await manager.streams.add({ name: subject, subjects: [`${subject}.>`], storage: 'file' });
    const stream = jetstream(publisher);
    return {
      publish: () => stream.publish(`${subject}.all`, JSON.stringify({ payload })),
      stop: () => manager.streams.delete(subject),
    };
  },
};

const [name = '', ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...rest);
await drive(peers[name]);
