/** Events over plain HTTP: a poll that waits, and a stream. */
import { once } from 'node:events';
import { connect as openTcp } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connect } from '../client/index.ts';
import { limits } from '../contract/index.ts';
import { openDoors } from './fixture.ts';

test('a poll that waits answers when something comes, and not before its time is over', async () => {
  const { ask, hub } = await openDoors();
  const waiting = ask('GET', '/v1/events?after=0&waitMs=20000&types=channel.posted');
  const said = { sender: 'ada', message: 'now' };
  await ask('POST', '/messages/test', { json: said });
  expect((await waiting).body).toMatchObject({ items: [{ type: 'channel.posted' }] });
  let isOver = false;
  const idle = ask('GET', '/v1/events?after=0&waitMs=20000&types=task.done').then((answer) => {
    isOver = true;
    return answer;
  });
  await ask('POST', '/messages/test', { json: said });
  expect(isOver).toBe(false);
  await vi.waitUntil(() => (hub.clock.advance(5_000), isOver));
  expect((await idle).body).toMatchObject({ items: [] });
});

test('a stream of events is resumed after the last one without a gap or a repeat', async () => {
  const { url, ask } = await openDoors();
  const post = (message: string) =>
    ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  const seen: number[] = [];
  const stream = async (lastId: number, count: number): Promise<void> => {
    const response = await fetch(`${url}/v1/events?types=channel.posted`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(lastId) },
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const found = [...text.matchAll(/^data: .*"cursor":(\d+)/gm)].map(([, cursor]) =>
        Number(cursor),
      );
      if (found.length < count) continue;
      seen.push(...found);
      // Leaving the loop ends the stream.
      return;
    }
  };
  await post('one');
  const first = stream(0, 2);
  await post('two');
  await first;
  const { headCursor } = await connectHttp(url).event.list({ limit: 1 });
  await post('three');
  await stream(headCursor, 1);
  expect(seen).toEqual([1, 2, 3]);
});

function connectHttp(url: string) {
  const client = connect({ url, agent: 'ada', transport: 'http' });
  onTestFinished(() => client.close());
  return client;
}

test('whoever asks for a stream and does not read it is not waited for in memory', async () => {
  const { url, ask } = await openDoors();
  const { port } = new URL(url);
  const socket = openTcp(Number(port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(
    `GET /v1/events?after=0 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  await once(socket, 'readable');
  const message = 'x'.repeat(limits.inlineCharsMax - 100);
  for (let count = 0; count < 200; count++) {
    await ask('POST', '/messages/test', { json: { sender: 'ada', message } });
  }
  expect((await ask('GET', '/status')).body).toMatchObject({ messages: 200 });
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const places = () => [...text.matchAll(/^data: .*?"cursor":(\d+)/gm)].map(([, at]) => Number(at));
  await vi.waitUntil(() => places().length === 200, { timeout: 15_000 });
  expect(places()).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
});

test('whoever leaves before the stream begins leaves no feed behind', async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const { url } = await openDoors('none', (hub) => ({
    ...hub,
    async subscribe(subscription) {
      asked.resolve();
      await left.promise;
      const feed = await hub.subscribe(subscription);
      return { ...feed, close: () => (feed.close(), closed.resolve()) };
    },
  }));
  const { host, hostname, port } = new URL(url);
  const socket = openTcp(Number(port), hostname);
  await once(socket, 'connect');
  const accept = 'accept: text/event-stream';
  socket.write(`GET /v1/events?after=0 HTTP/1.1\r\nhost: ${host}\r\n${accept}\r\n\r\n`);
  await asked.promise;
  socket.destroy();
  await once(socket, 'close');
  // The hub has seen it too when it answers on the same loop of events.
  expect((await fetch(`${url}/live`)).status).toBe(200);
  left.resolve();
  await closed.promise;
});
