/**
 * `/api/clients/{lead_id}`: the state of a case, and its files by stage. A file comes as a form
 * with `file` and `stage`, or as the body with `?stage=…&name=…`; either way it is streamed.
 */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Chunks, operations as o } from '../contract/index.ts';
import { credentialOf } from './credential.ts';
import { type Form, formLimits, misfit, readForm } from './form.ts';
import { incoming, watchIncoming } from './incoming.ts';
import { all, type RestPath } from './rest-path.ts';
import type { StreamDoor } from './streams.ts';

export const cases: readonly RestPath[] = [
  {
    method: 'GET',
    url: '/api/clients/:lead_id/state',
    async answer(ask, { params }) {
      return (await ask(o['case.get'], { id: params['lead_id'] })).state;
    },
  },
  {
    method: 'PUT',
    url: '/api/clients/:lead_id/state',
    takesBody: true,
    async answer(ask, { params, body }) {
      // Without a version the last write wins, and the history says so.
      const written = await ask(o['case.put'], { id: params['lead_id'], state: body });
      return { lead_id: written.id, version: written.version };
    },
  },
  {
    method: 'GET',
    url: '/api/clients/:lead_id/artifacts',
    async answer(ask, { params }) {
      const caseId = params['lead_id'];
      const files = await all((page) => ask(o['artifact.list'], { ...page, caseId }));
      return Object.fromEntries(Map.groupBy(files, ({ stage }) => stage));
    },
  },
];

type Called = { Params: { lead_id: string }; Querystring: Record<string, unknown> };

export function addArtifacts(app: FastifyInstance, door: StreamDoor): void {
  // Within these doors a body that is no form is left as it comes.
  void app.register(async (inner) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, _body, done) => done(null));
    await inner.register(multipart, { limits: formLimits });
    inner.post<Called>('/api/clients/:lead_id/artifacts', async (request, reply) => {
      const { socket } = request.raw;
      const { body, drain } = incoming(request.raw, door.clock);
      const isForm = request.isMultipart();
      const stopWatching = isForm ? watchIncoming(request.raw, door.clock) : undefined;
      door.uploading.add(socket);
      try {
        return await reply.code(201).send(await receive(door, request, body));
      } catch (error) {
        request.raw.unpipe();
        if (!(await drain().catch(() => false))) reply.header('connection', 'close');
        throw error;
      } finally {
        stopWatching?.();
        door.uploading.delete(socket);
      }
    });
  });
}

type Receiving = FastifyRequest<Called>;

async function receive(door: StreamDoor, request: Receiving, body: Chunks): Promise<unknown> {
  const { params, headers } = request;
  const file = request.isMultipart() ? await fromForm(request) : fromBody(request, body);
  const key = headers['idempotency-key'];
  const call = {
    operation: 'artifact.upload',
    input: { caseId: params.lead_id, ...file.input },
    credential: credentialOf(request),
    body: file.body,
  };
  return (await door.upload({ ...call, ...(typeof key === 'string' ? { key } : {}) })).output;
}

interface File {
  input: Record<string, unknown>;
  body: Chunks;
}

async function fromForm(request: Receiving): Promise<File> {
  const { query } = request;
  const stageOf = (fields: Form['fields']): unknown => fields.get('stage') ?? query['stage'];
  const form = await readForm(request, (fields) => stageOf(fields) !== undefined);
  const { fields, name, mediaType, body } = form;
  const stage = stageOf(fields);
  if (stage === undefined) throw misfit('the form has no field `stage`');
  return { input: { stage, name, mediaType }, body };
}

function fromBody({ query, headers }: Receiving, body: Chunks): File {
  const { stage, name } = query;
  const mediaType = headers['content-type'];
  return { input: { stage, name, ...(mediaType === undefined ? {} : { mediaType }) }, body };
}
