/**
 * The plain REST paths of the field: signals with an inbox, the state and the files of a client, a
 * broker of channels. Each line of the tables says which operation a path is; nothing is decided
 * here. Whoever is named as the sender is claimed, and the hub says whether that is true.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Credential, type Invoke, SignalboxError } from '../contract/index.ts';
import { credentialOf } from './credential.ts';
import { chat } from './rest-chat.ts';
import { addArtifacts, cases } from './rest-cases.ts';
import type { Ask } from './rest-path.ts';
import { signals } from './rest-signals.ts';
import type { StreamDoor } from './streams.ts';

export interface RestDoor extends StreamDoor {
  invoke: Invoke;
}

export function addRest(app: FastifyInstance, door: RestDoor): void {
  for (const { method, url, takesBody, answer } of [...signals, ...cases, ...chat]) {
    app.route({
      method,
      url,
      handler: async (request, reply) =>
        reply.send(
          await answer(asker(door.invoke, request), {
            params: textsOf(request.params),
            query: isObject(request.query) ? request.query : {},
            body: takesBody ? bodyOf(request.body) : {},
          }),
        ),
    });
  }
  addArtifacts(app, door);
}

function asker(invoke: Invoke, request: FastifyRequest): Ask {
  const credential = credentialOf(request);
  const key = request.headers['idempotency-key'];
  return async ({ name, output }, input, claimed) => {
    const reply = await invoke({
      operation: name,
      input,
      credential: { ...credential, ...claimOf(claimed) },
      ...(typeof key === 'string' ? { key } : {}),
    });
    return output.parse(reply.output);
  };
}

/** The name that the body or the path claims; where there is none, that of the token counts. */
function claimOf(claimed: unknown): Pick<Credential, 'agent'> {
  if (claimed === undefined || claimed === null) return {};
  if (typeof claimed === 'string') return { agent: claimed };
  throw new SignalboxError('invalid_input', 'the name of the sender is not text');
}

function textsOf(params: unknown): Record<string, string> {
  const entries = Object.entries(isObject(params) ? params : {});
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function bodyOf(body: unknown): Record<string, unknown> {
  if (isObject(body)) return body;
  throw new SignalboxError('invalid_input', 'the body is not a JSON object', {
    hint: 'Send one, for example {"sender":"ada","message":"Hello"}.',
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
