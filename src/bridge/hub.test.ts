/** A bridge beside a real hub, over real sockets: what is sent on one side is read on the other. */
import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Client } from '../client/index.ts';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { serve, type Server } from '../doors/serve.ts';
import { createHub, type Hub } from '../hub/hub.ts';
import { openStore } from '../store/open.ts';
import { Desk, T, WAIT, type Running } from './fixture.ts';

const clock = systemClock();
const random = systemRandom();

let desk: Desk;
let hub: Hub;
let server: Server;
let admin: Client;
let closer: Client;
let bridge: Running;
let defects: unknown[];

async function openHub(port: number): Promise<void> {
  const store = await openStore({ file: desk.path('hub.db'), clock, random });
  const onDefect = (where: string, error: unknown): number => defects.push({ where, error });
  hub = await createHub({ store, clock, random, version: 'test', onDefect });
  server = await serve(hub, { host: '127.0.0.1', port, version: 'test', clock });
  hub.start();
}

async function closeHub(): Promise<void> {
  await server.close();
  await hub.close();
}

async function clientOf(agent: string): Promise<Client> {
  const { secret: token } = await admin.token.create({ agent });
  return connect({ url: server.url, token });
}

beforeEach(async () => {
  defects = [];
  desk = await Desk.open();
  await openHub(0);
  admin = connect({ url: server.url, token: (await hub.ensureAdmin()) ?? '' });
  closer = await clientOf('Closer');
  await mkdir(desk.path('pulse_inbox'));
  bridge = desk.start({ hubAgents: ['Closer'] }, { client: clientOf });
});
afterEach(async () => {
  for (const client of [closer, admin]) client.close();
  await desk.close();
  await closeHub();
  expect(defects).toEqual([]);
});

async function pulseGets(type: string): Promise<string> {
  return vi.waitFor(async () => {
    const [name] = (await desk.files('pulse_inbox')).filter((file) => file.includes(type));
    expect(name).toBeDefined();
    return name ?? '';
  }, WAIT);
}

test('an agent on files and one on the hub talk, and each knows who spoke and what was done', async () => {
  const data = { lead_id: 'abc-123' };
  const asked = { type: 'PIPELINE_TRANSITION', text: '# Take over', data, isSignal: true };
  await vi.waitFor(() => expect(bridge.events.map(({ kind }) => kind)).toContain('ready'), WAIT);
  const { id } = await closer.message.send({ to: { agent: 'Pulse' }, ...asked, unknown: 'keep' });
  const name = await pulseGets('PIPELINE_TRANSITION');
  expect(name).toMatch(/^\d{8}-\d{6}_PIPELINE_TRANSITION_Closer_to_Pulse\.md$/);
  expect(await desk.read('pulse_inbox', name)).toContain('lead_id: abc-123');
  await desk.process('pulse_inbox', name);
  await vi.waitFor(async () => {
    const { deliveries } = await closer.message.show({ id });
    expect(deliveries).toMatchObject([{ state: 'acked' }]);
  }, WAIT);

  const answer = `---\nreplyTo: ${id}\n---\n\nDone.\n`;
  await desk.drop('closer_inbox', `${T}_ANSWER_Pulse_to_Closer.md`, answer);
  await vi.waitFor(async () => {
    const { items } = await closer.message.read({});
    expect(items).toMatchObject([{ message: { text: 'Done.', type: 'ANSWER', replyTo: id } }]);
    expect(items[0]?.message.from.toLowerCase()).toBe('pulse');
  }, WAIT);
  const { deliveries } = await closer.message.show({ id });
  expect(deliveries[0]?.answeredAtMs).not.toBeNull();
});

test('a signal that is given up on files is a dead letter, and comes again when it is put back', async () => {
  const { id } = await closer.message.send({
    to: { agent: 'pulse' },
    type: 'ESCALATION',
    isSignal: true,
    unknown: 'keep',
  });
  await desk.process('pulse_inbox', await pulseGets('ESCALATION'), '.failed');
  await vi.waitFor(async () => {
    const { deliveries } = await closer.message.show({ id });
    expect(deliveries).toMatchObject([{ state: 'dead' }]);
  }, WAIT);
  await closer.message.redrive({ id });
  await desk.process('pulse_inbox', await pulseGets('ESCALATION'));
  await vi.waitFor(async () => {
    const { deliveries } = await closer.message.show({ id });
    expect(deliveries).toMatchObject([{ state: 'acked' }]);
  }, WAIT);
});

test('a hub that restarts costs nothing: what is dropped meanwhile arrives once', async () => {
  await vi.waitFor(() => expect(bridge.events.map(({ kind }) => kind)).toContain('ready'), WAIT);
  const port = Number(new URL(server.url).port);
  const names = Array.from({ length: 20 }, (_, at) => `${T}_N${at + 10}_Pulse_to_Closer.md`);
  for (const name of names.slice(0, 10)) await desk.drop('closer_inbox', name, name);
  await desk.until(['closer_inbox', '.sending'], []);
  await closeHub();
  for (const name of names.slice(10)) await desk.drop('closer_inbox', name, name);
  await openHub(port);
  await desk.until(['closer_inbox', '.processed'], names);
  const { items } = await closer.message.read({ limit: 200 });
  expect(items.map(({ message }) => `${message.text}`)).toEqual(names);
});

const MANY = 2_000;

test('thousands of files arrive in order, each once', async () => {
  const names = Array.from(
    { length: MANY },
    (_, at) => `${T}_N${String(at).padStart(5, '0')}_Pulse_to_Closer.md`,
  );
  for (const name of names) await desk.drop('closer_inbox', name, name);
  await vi.waitFor(
    async () => {
      expect(await desk.files('closer_inbox', '.processed')).toHaveLength(MANY);
    },
    { timeout: 60_000, interval: 50 },
  );
  const types: string[] = [];
  for (let after = 0; types.length < MANY;) {
    const { items, nextCursor } = await closer.message.read({ after, limit: 200 });
    types.push(...items.map(({ message }) => message.text));
    after = nextCursor;
  }
  expect(types).toEqual(names);
}, 120_000);
