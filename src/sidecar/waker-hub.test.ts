/** A waker and an agent elsewhere, both at a real hub. */
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Client } from '../client/index.ts';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { serve, type Server } from '../doors/serve.ts';
import { makePlace, type Place } from '../git/fixture.ts';
import { createHub, type Hub } from '../hub/hub.ts';
import { openStore } from '../store/open.ts';
import type { SidecarEvent } from './progress.ts';
import { runWaker } from './run-waker.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const clock = systemClock();
const random = systemRandom();

let place: Place;
let hub: Hub;
let server: Server;
let admin: Client;
let ada: Client;
let token: string;
beforeEach(async () => {
  place = await makePlace();
  const store = await openStore({ file: place.path('hub.db'), clock, random });
  hub = await createHub({ store, clock, random, version: 'test', onDefect: () => {} });
  server = await serve(hub, { host: '127.0.0.1', port: 0, version: 'test', clock });
  hub.start();
  admin = connect({ url: server.url, token: (await hub.ensureAdmin()) ?? '' });
  token = (await admin.token.create({ agent: 'ada' })).secret;
  ada = connect({ url: server.url, token, transport: 'http' });
});
afterEach(async () => {
  ada.close();
  admin.close();
  await server.close();
  await hub.close();
  await place.remove();
});

test('the woken agent finds its task by asking, hands it in, and gets the next one', async () => {
  const events: SidecarEvent[] = [];
  const stop = new AbortController();
  const agent = createServer((request, response) => {
    request.resume();
    response.end();
    void work();
  });
  const work = async (): Promise<void> => {
    const { assignment } = await ada.task.pull({});
    if (assignment === null) return;
    const { id: taskId, fence, title } = assignment.task;
    await ada.task.start({ taskId, fence });
    await ada.task.complete({ taskId, fence, report: `did ${title}` });
  };
  await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
  const address = agent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const trigger = { kind: 'url', url: `http://127.0.0.1:${port}/`, form: 'signalbox' } as const;
  const ended = runWaker(
    {
      name: 'ada',
      url: server.url,
      token,
      capabilities: ['cli:elsewhere'],
      dataDir: place.path('data'),
      trigger,
    },
    { say: (event) => void events.push(event), stop: stop.signal },
  );
  const submitted = [];
  for (const title of ['one', 'two']) {
    submitted.push(await admin.task.submit({ title, needs: ['cli:elsewhere'] }));
  }
  for (const [index, { id }] of submitted.entries()) {
    await vi.waitFor(async () => {
      const { task, attempts } = await admin.task.show({ id });
      expect(task).toMatchObject({ state: 'done', report: `did ${['one', 'two'][index]}` });
      expect(attempts).toHaveLength(1);
    }, WAIT);
  }
  stop.abort();
  await ended;
  expect(events.filter(({ kind }) => kind === 'trouble')).toEqual([]);
  agent.closeAllConnections();
  await new Promise((resolve) => agent.close(resolve));
}, 60_000);
