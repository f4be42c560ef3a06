// Drives one peer with the job of bench/messages/driver.ts: node messages.mjs PEER --url …
import { drive } from '../messages/driver.ts';

const queue = `bench${process.pid}`;

const peers = {
  // XADD awaited; a consumer group that blocks, and one XACK for what came together.
  async redis(url, { payload, delivered, acked }) {
    const { Redis } = await import('ioredis');
    const { hostname: host, port } = new URL(url);
    const open = () => new Redis({ host, port: Number(port), maxRetriesPerRequest: null });
    const [publisher, reader, acker] = [open(), open(), open()];
    await publisher.xgroup('CREATE', queue, 'group', '$', 'MKSTREAM');
    const wanted = ['COUNT', 256, 'BLOCK', 2000, 'STREAMS', queue, '>'];
    const read = async () => {
      for (;;) {
        // At the end the stream is gone, and the reader is told so.
        const found = await reader.xreadgroup('GROUP', 'group', 'one', ...wanted).catch(() => null);
        const entries = found?.[0]?.[1] ?? [];
        for (const [, fields] of entries) delivered(Number(fields[1]));
        const ids = entries.map(([id]) => id);
        if (ids.length > 0) acker.xack(queue, 'group', ...ids).then(() => acked(ids.length));
      }
    };
    void read();
    return {
      publish: (sentMs) => publisher.xadd(queue, '*', 't', String(sentMs), 'b', payload),
      stop: () => publisher.del(queue),
    };
  },

  // A quorum queue of one node, publisher confirms awaited; its acknowledgements are not confirmed.
  async rabbit(url, { payload, delivered, acked }) {
    const { default: amqp } = await import('amqplib');
    const connection = await amqp.connect(url);
    const channel = await connection.createConfirmChannel();
    const options = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
    await channel.assertQueue(queue, options);
    const consumer = await (await amqp.connect(url)).createChannel();
    await consumer.prefetch(256);
    await consumer.consume(queue, (message) => {
      delivered(JSON.parse(message.content).sentMs);
      consumer.ack(message);
      acked(1);
    });
    return {
      publish: (sentMs) =>
        new Promise((resolve, reject) => {
          const body = Buffer.from(JSON.stringify({ sentMs, payload }));
          const confirmed = (error) => (error ? reject(error) : resolve());
          channel.sendToQueue(queue, body, { persistent: true }, confirmed);
        }),
      stop: () => channel.deleteQueue(queue),
    };
  },
};

const [name = '', ...rest] = process.argv.slice(2);
process.argv.splice(2, process.argv.length, ...rest);
await drive(peers[name]);
