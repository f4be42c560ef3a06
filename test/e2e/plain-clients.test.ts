/**
 * What is written down elsewhere is typed here as it stands, only the address is another: the lines
 * for curl and the chat of a broker of channels, and the client of signals in Python.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { makeHome, type Home } from '../../src/cli/fixture.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const ADDRESS = '192.168.122.86:8080';

let home: Home;

beforeEach(async () => {
  home = await makeHome();
  await mkdir(join(home.root, 'bin'));
  const program = `#!/bin/sh\nexec ${process.execPath} ${MAIN} "$@"\n`;
  await writeFile(join(home.root, 'bin/signalbox'), program, { mode: 0o755 });
});

afterEach(() => home.close());

async function startHub(...options: string[]): Promise<string> {
  const hub = home.start(['start', '--json', '--port', '0', '--no-verifier', ...options]);
  await hub.until('\n');
  const [line = ''] = hub.stdout().split('\n');
  return z.object({ url: z.string() }).parse(JSON.parse(line)).url;
}

interface Typed {
  code: number | null;
  stdout: string;
  /** And what stood on stderr. */
  said: string;
}

/** Types lines into a shell whose agent has the name that its surroundings give it, or none. */
async function type(lines: string, env: Record<string, string> = {}): Promise<Typed> {
  const path = `${join(home.root, 'bin')}:${home.env['PATH']}`;
  const surroundings = { ...home.env, AGENT_ID: '', ...env, PATH: path };
  const child = spawn('sh', ['-ec', lines], { cwd: home.root, env: surroundings });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await closed;
  return { code: child.exitCode, stdout, said: stdout + stderr };
}

const POST = `curl -X POST http://192.168.122.86:8080/messages/test \\
     -H 'Content-Type: application/json' \\
     -d '{"sender":"test-agent","message":"Hello World!"}'`;

test('every line for curl works as it is printed', async () => {
  const host = new URL(await startHub('--auth', 'none')).host;
  const asked = async (line: string): Promise<unknown> => {
    const { code, said } = await type(line.replaceAll(ADDRESS, host).replace('curl', 'curl -sS'));
    expect(code, said).toBe(0);
    return JSON.parse(said);
  };
  const before = await asked(`curl http://${ADDRESS}/status`);
  expect(before).toMatchObject({ status: 'running', channels: 0, messages: 0 });
  expect(await asked(`curl http://${ADDRESS}/messages/test`)).toMatchObject({ messages: [] });
  const { timestamp } = z.object({ timestamp: z.string() }).parse(await asked(POST));
  const hello = { channel: 'test', sender: 'test-agent', message: 'Hello World!', timestamp };
  const said = { messages: [hello] };
  expect(await asked(`curl http://${ADDRESS}/messages/test`)).toMatchObject(said);
  const since = `curl 'http://${ADDRESS}/messages/test?limit=10&since=${timestamp}'`;
  expect(await asked(since)).toMatchObject(said);
  expect(await asked(`curl http://${ADDRESS}/status`)).toMatchObject({ channels: 1, messages: 1 });
  const channels = { channels: [{ name: 'test', message_count: 1, last_message: timestamp }] };
  expect(await asked(`curl http://${ADDRESS}/channels`)).toEqual(channels);
  const agents = { agents: [{ id: 'test-agent', last_seen: expect.any(String) }] };
  expect(await asked(`curl http://${ADDRESS}/agents`)).toMatchObject(agents);
  const bare = POST.replace(/-H '[^']*'/, '');
  expect(await asked(bare)).toMatchObject({
    error: { code: 'unsupported', hint: expect.stringContaining('Content-Type') },
  });
});

const PYTHON = `
import requests

HUB_URL = "https://vm100.measai.net:8080"  # Or private IP

class SignalClient:
    def __init__(self, agent_name: str, api_key: str):
        self.agent = agent_name
        self.headers = {"X-API-Key": api_key}

    def send(self, to: str, signal_type: str, body: dict):
        resp = requests.post(
            f"{HUB_URL}/api/signals/send",
            json={"from": self.agent, "to": to, "type": signal_type, **body},
            headers=self.headers
        )
        return resp.json()

    def poll_inbox(self):
        resp = requests.get(
            f"{HUB_URL}/api/signals/{self.agent}/inbox",
            headers=self.headers
        )
        return resp.json()

    def ack(self, signal_id: str):
        requests.put(
            f"{HUB_URL}/api/signals/{signal_id}/ack",
            headers=self.headers
        )
`;

const TALK = `
import json, sys
from signal_client import HUB_URL, SignalClient, requests

closer = SignalClient("Closer", sys.argv[1])
claude = SignalClient("claude", sys.argv[2])
seen = {}
seen["sent"] = closer.send(
    to="Claude",
    signal_type="ESCALATION",
    body={
        "lead_id": "abc-123",
        "reason": "Client negotiating beyond parameters",
        "context_path": "/AI_Agents/max-pipeline/abc-123/stage-5-closer/"
    }
)
seen["first"] = claude.poll_inbox()
seen["again"] = claude.poll_inbox()
for signal in seen["first"]:
    claude.ack(signal["id"])
    claude.ack(signal["id"])
seen["acknowledged"] = claude.poll_inbox()
seen["forged"] = SignalClient("Closer", sys.argv[2]).send("Pulse", "X", {})
seen["foreign"] = SignalClient("claude", sys.argv[1]).poll_inbox()
seen["stranger"] = SignalClient("claude", "sbx_wrong").poll_inbox()

client = f"{HUB_URL}/api/clients/abc-123"
state = {"stage": "closer", "offers": [1, 2]}
requests.put(f"{client}/state", json=state, headers=closer.headers)
seen["state"] = requests.get(f"{client}/state", headers=claude.headers).json()
for number, stage in enumerate(["closer", "pulse"]):
    file = {"file": ("offer.bin", bytes([number]) * 3_000_000)}
    form = {"stage": stage}
    sent = requests.post(f"{client}/artifacts", files=file, data=form, headers=closer.headers)
    seen[stage] = sent.json()
seen["artifacts"] = requests.get(f"{client}/artifacts", headers=claude.headers).json()
print(json.dumps(seen))
`;

const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0;

const signal = {
  from: 'Closer',
  to: 'Claude',
  type: 'ESCALATION',
  lead_id: 'abc-123',
  reason: 'Client negotiating beyond parameters',
  context_path: '/AI_Agents/max-pipeline/abc-123/stage-5-closer/',
};
const file = { name: 'offer.bin', bytes: 3_000_000 };
const talked = {
  sent: { id: expect.stringMatching(/^msg_/), status: 'stored' },
  first: [{ ...signal, id: expect.stringMatching(/^msg_/) }],
  again: [signal],
  acknowledged: [],
  state: { stage: 'closer', offers: [1, 2] },
  artifacts: { closer: [file], pulse: [file] },
};

/** What the agents see; `keys` are lines of the shell that make the keys of both. */
async function talk(url: string, keys: string): Promise<unknown> {
  const program = PYTHON.replace('https://vm100.measai.net:8080', url);
  await writeFile(join(home.root, 'signal_client.py'), program);
  await writeFile(join(home.root, 'talk.py'), TALK);
  const { code, stdout, said } = await type(`${keys}\npython3 talk.py "$closer" "$claude"`);
  expect(code, said).toBe(0);
  return JSON.parse(stdout);
}

test.skipIf(!hasRequests)('the client of signals in Python works as it is written', async () => {
  const key = (name: string): string => `$(signalbox token create --agent ${name})`;
  const keys = `closer=${key('Closer')}\nclaude=${key('claude')}`;
  expect(await talk(await startHub(), keys)).toMatchObject({
    ...talked,
    forged: { error: { code: 'forbidden' } },
    foreign: { error: { code: 'forbidden' } },
    stranger: { error: { code: 'unauthenticated' } },
  });
});

test.skipIf(!hasRequests)('the client of signals in Python works without keys, too', async () => {
  const url = await startHub('--auth', 'none');
  expect(await talk(url, 'closer=\nclaude=')).toMatchObject(talked);
});

test('every line of the chat works as it is printed', async () => {
  const url = await startHub();
  const chat = async (line: string, env: Record<string, string> = {}): Promise<string> => {
    const typed = line.replace(/python3 (\/opt\/agent-comms\/)?chat\.py/, 'signalbox chat');
    const { code, said } = await type(typed, env);
    expect(code, said).toBe(0);
    return said;
  };
  const ct200 = { AGENT_ID: 'ct-200' };
  await chat('python3 chat.py send general "Hello from agent!"', ct200);
  await chat('python3 chat.py --agent-id "warp-ct200" send tasks "Task completed successfully"');
  await chat(`python3 chat.py send alerts 'Alexa service started'`, ct200);
  await chat('python3 chat.py send tasks "✅ Download completed: movie.mkv"', ct200);
  expect(await chat('python3 chat.py read general')).toMatch(/ct-200: Hello from agent!/);
  expect(await chat('python3 chat.py read general --limit 20')).toMatch(/Hello from agent!/);
  const tasks = await chat('python3 chat.py read tasks --limit 1');
  expect(tasks).toMatch(/ct-200: ✅ Download completed: movie\.mkv/);
  expect(tasks).not.toContain('Task completed');
  expect(await chat('python3 chat.py channels')).toMatch(/alerts[^]*general[^]*tasks/);
  const agents = await chat('python3 chat.py agents');
  for (const agent of [/^ct-200 /m, /^warp-ct200 /m]) expect(agents).toMatch(agent);
  expect(await chat('python3 chat.py status')).toContain(url);
  const named = 'AGENT_ID="warp-$(hostname)-$$"';
  const flags = '--broker "$BROKER_URL" --agent-id "$AGENT_ID"';
  const script = `${named}\npython3 /opt/agent-comms/chat.py ${flags} send general "Agent started"`;
  await chat(script, { BROKER_URL: url });
  const read = `python3 /opt/agent-comms/chat.py ${flags} read general --limit 5`;
  const general = await chat(`${named}\n${read}`, { BROKER_URL: url });
  expect(general).toMatch(/warp-\S+-\d+: Agent started/);
  const after = await chat(`python3 chat.py read general --broker ${url} --agent-id bob`);
  expect(after).toContain('Agent started');
});

test('watching a channel shows what is sent there, as it comes', async () => {
  await startHub();
  const general = home.start(['chat', 'watch', 'general']);
  const tasks = home.start(['chat', 'watch', 'tasks', '--interval', '5']);
  await general.until('Watching #general');
  await tasks.until('Watching #tasks');
  const sent = await type('signalbox chat --agent-id ada send tasks "Download movie.mkv"');
  expect(sent.code, sent.said).toBe(0);
  await tasks.until('ada: Download movie.mkv');
  await type('signalbox chat --agent-id ada send general "first"');
  await general.until('ada: first');
  expect(general.stdout()).not.toContain('movie');
  for (const { child, ended } of [general, tasks]) {
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  }
});

test('the token that is made for AGENT_ID is kept for its owner alone, and used again', async () => {
  await startHub();
  const tokens = async (): Promise<Map<string, number>> => {
    const names = await readdir(join(home.root, 'data'), { recursive: true });
    const files = names.filter((name) => /ada[^/]*\.token$/.test(name));
    const looked = files.map(async (name) => stat(join(home.root, 'data', name)));
    const modes = (await Promise.all(looked)).map(({ mode }) => mode & 0o777);
    return new Map(files.map((name, index) => [name, modes[index] ?? 0]));
  };
  const listed = async (): Promise<number> => {
    const { stdout } = await type('signalbox token list --json');
    return z.object({ items: z.array(z.unknown()) }).parse(JSON.parse(stdout)).items.length;
  };
  for (const words of ['one', 'two']) {
    const { code, said } = await type(`signalbox chat send general ${words}`, { AGENT_ID: 'ada' });
    expect(code, said).toBe(0);
    expect([...(await tokens()).values()]).toEqual([0o600]);
    expect(await listed()).toBe(2);
  }
});
