/**
 * MCP as Streamable HTTP at /mcp: tools for agents that run elsewhere. A request says who asks with
 * its token, as everywhere, and in which session with `X-Session-Id` or `Mcp-Session-Id`. Without
 * either, all that comes with one token is one session: then two agents need two tokens.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Credential, type Invoke, limits } from '../contract/index.ts';
import type { McpHandler } from '../mcp/http.ts';
import { askThrough } from '../tools/ask.ts';
import type { Ask } from '../tools/tool.ts';
import { credentialOf } from './credential.ts';

export interface McpDoor {
  invoke: Invoke;
  version: string;
}

const PATH = '/mcp';
const DEFAULT_SESSION = 'mcp';

export function addMcp(app: FastifyInstance, door: McpDoor): void {
  let handler: Promise<McpHandler> | undefined;
  app.addHook('onClose', async () => (await handler)?.close());
  void app.register(async (scope) => {
    // The protocol words its own refusals, so it gets the body as it came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer' },
      async (_: unknown, body: Buffer) => body,
    );
    const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      // Who may not be here at all is told so by HTTP, before anything of MCP.
      const credential = credentialOf(request);
      await door.invoke({ operation: 'hub.whoami', input: {}, credential });
      handler ??= makeHandler(door);
      return send(reply, await (await handler).fetch(toRequest(request)));
    };
    for (const method of ['GET', 'POST', 'DELETE'] as const)
      scope.route({ method, url: PATH, handler: answer });
  });
}

async function makeHandler({ invoke, version }: McpDoor): Promise<McpHandler> {
  const { mcpHandler } = await import('../mcp/http.ts');
  return mcpHandler((headers) => {
    const credential = credentialOf({ headers: Object.fromEntries(headers) });
    const session = headers.get('x-session-id') ?? headers.get('mcp-session-id');
    const holder = { session: sessionName(session) };
    return { ask: asking(invoke, credential), caller: { holder }, version };
  });
}

function sessionName(given: string | null): string {
  const name = given?.replaceAll(/[^\x21-\x7e]/g, '-').slice(0, limits.lockSessionCharsMax) ?? '';
  return name === '' ? DEFAULT_SESSION : name;
}

function asking(invoke: Invoke, credential: Credential): Ask {
  return askThrough((operation, input) => invoke({ operation, input, credential }));
}

function toRequest({ method, headers, url, body, host, protocol }: FastifyRequest): Request {
  const own = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') own.set(name, value);
  }
  return new Request(new URL(url, `${protocol}://${host}`), {
    method,
    headers: own,
    ...(body instanceof Uint8Array ? { body: new Uint8Array(body) } : {}),
  });
}

function send(reply: FastifyReply, response: Response): FastifyReply {
  void reply.code(response.status);
  for (const [name, value] of response.headers) void reply.header(name, value);
  if (response.body === null) return reply.send();
  return reply.send(Readable.from(response.body));
}
