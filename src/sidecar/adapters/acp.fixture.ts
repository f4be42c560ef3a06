/** For tests: an agent that speaks the Agent Client Protocol and does what its argument says. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { agent, methods, ndJsonStream } from '@agentclientprotocol/sdk';
import type { AgentContext, RequestPermissionResponse } from '@agentclientprotocol/sdk';

const [, , way = 'works'] = process.argv;
let cancelled: (() => void) | undefined;
let cwd = '.';

async function say(client: AgentContext, text: string): Promise<void> {
  const content = { type: 'text' as const, text };
  const update = { sessionUpdate: 'agent_message_chunk' as const, content };
  await client.notify(methods.client.session.update, { sessionId: 's1', update });
}

async function ask(
  client: AgentContext,
  kind: 'edit' | 'execute',
  path: string,
): Promise<string | undefined> {
  const toolCall = { toolCallId: kind, kind, title: `${kind} ${path}`, locations: [{ path }] };
  const options = [
    { optionId: 'yes', name: 'Yes', kind: 'allow_once' as const },
    { optionId: 'no', name: 'No', kind: 'reject_once' as const },
  ];
  const { outcome } = await client.request<RequestPermissionResponse>(
    methods.client.session.requestPermission,
    { sessionId: 's1', toolCall, options },
  );
  return outcome.outcome === 'selected' ? outcome.optionId : undefined;
}

async function work(client: AgentContext): Promise<void> {
  const path = join(cwd, 'made.txt');
  const toolCall = { toolCallId: 't', title: 'Write made.txt', kind: 'edit' as const };
  await client.notify(methods.client.session.update, {
    sessionId: 's1',
    update: { sessionUpdate: 'tool_call', ...toolCall },
  });
  if ((await ask(client, 'edit', path)) === 'yes') writeFileSync(path, 'made\n');
  if ((await ask(client, 'edit', '/etc/passwd')) !== 'no') await say(client, 'outside! ');
  if ((await ask(client, 'execute', path)) !== 'no') await say(client, 'executed! ');
  await client.notify(methods.client.session.update, {
    sessionId: 's1',
    update: {
      sessionUpdate: 'usage_update',
      used: 30,
      size: 100,
      cost: { amount: 0.25, currency: 'USD' },
    },
  });
  await say(client, 'I made ');
  await say(client, 'a file.');
}

/** What no library would print. */
function print(message: string): void {
  process.stdout.write(`${message}\n`);
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** More than is read at once of a pipe, in messages as short as they can be. */
function flood(): Promise<never> {
  print('{"jsonrpc":"2.0","method":"x"}\n'.repeat(100_000));
  return stay();
}

/** Each of the answers, which it leaves in the pipe, has the name of the option in it. */
function askForEver(): Promise<never> {
  process.stdin.pause();
  const options = [{ optionId: 'o'.repeat(2_000), name: 'No', kind: 'reject_once' }];
  const params = { sessionId: 's1', toolCall: { toolCallId: 't' }, options };
  const rest = JSON.stringify({ method: methods.client.session.requestPermission, params });
  for (let id = 0; id < 4_000; id++) print(`{"jsonrpc":"2.0","id":"p${id}",${rest.slice(1)}`);
  return stay();
}

function stay(): Promise<never> {
  setInterval(() => {}, 1_000);
  return new Promise(() => {});
}

const app = agent({ name: 'fixture' })
  .onRequest(methods.agent.initialize, ({ params }) => {
    if (way === 'nests') {
      const error = `{"code":-1,"message":"Too deep.","data":${nested(20_000)}}`;
      print(`{"jsonrpc":"2.0","id":0,"error":${error}}`);
    }
    return { protocolVersion: params.protocolVersion, agentCapabilities: {} };
  })
  .onRequest(methods.agent.session.new, ({ params }) => {
    ({ cwd } = params);
    if (way === 'refuses') throw new Error('Sign in first.');
    return { sessionId: 's1' };
  })
  .onRequest(methods.agent.session.prompt, async ({ client, params }) => {
    writeFileSync(join(cwd, 'prompt.json'), JSON.stringify(params.prompt));
    if (way === 'dies') process.exit(7);
    if (way === 'floods') return flood();
    if (way === 'never reads') return askForEver();
    if (way === 'answers what nobody asked') {
      print('{"jsonrpc":"2.0","id":"\u009b2J\u202e","result":{}}');
      print('{"jsonrpc":"2.0","\u202e":1,"result":{}}');
    }
    if (way === 'limited') throw new Error('429 rate limit, try again in 2 minutes');
    if (way === 'waits' || way === 'ignores') {
      await say(client, 'Waiting.');
      writeFileSync(join(cwd, 'waiting'), '');
      await new Promise<void>((resolve) => {
        cancelled = resolve;
      });
      return { stopReason: 'cancelled' as const };
    }
    await work(client);
    const usage = { inputTokens: 7, cachedReadTokens: 3, outputTokens: 5, totalTokens: 15 };
    return { stopReason: 'end_turn' as const, usage };
  })
  .onNotification(methods.agent.session.cancel, () => {
    if (way === 'waits') cancelled?.();
  });

if (way === 'ignores') process.on('SIGTERM', () => {});
if (way === 'babbles') process.stdout.write('hello\n{"jsonrpc":"2.0"\n[1]\n"x"\n{"id":9}\n');
const input = new ReadableStream<Uint8Array>({
  start(controller) {
    process.stdin.on('data', (chunk: Buffer) => controller.enqueue(chunk));
    process.stdin.on('end', () => controller.close());
  },
});
app.connect(ndJsonStream(Writable.toWeb(process.stdout), input));
// It stays when its input ends, as some do.
if (way === 'stays') setInterval(() => {}, 1_000);
