/**
 * `/api/clients/{lead_id}`: the state of a case, and its files by stage. A file comes as a form
 * with `file` and `stage`, or as the body with `?stage=…&name=…`; either way it is streamed.
 */
import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Chunks, limits, operations as o, SignalboxError } from '../contract/index.ts';
import { credentialOf } from './credential.ts';
import { incoming } from './incoming.ts';
import type { RestPath } from './rest-path.ts';
import type { StreamDoor } from './streams.ts';

const LISTED = 200;

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
      const { items } = await ask(o['artifact.list'], { caseId: params['lead_id'], limit: LISTED });
      return Object.fromEntries(Map.groupBy(items, ({ stage }) => stage));
    },
  },
];

type Called = { Params: { lead_id: string }; Querystring: Record<string, unknown> };

export function addArtifacts(app: FastifyInstance, door: StreamDoor): void {
  // Within these doors a body that is no form is left as it comes.
  void app.register(async (inner) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, _body, done) => done(null));
    await inner.register(multipart, {
      limits: { files: 1, fields: 8, fieldSize: limits.keyCharsMax, parts: 9 },
      throwFileSizeLimit: false,
    });
    inner.post<Called>('/api/clients/:lead_id/artifacts', async (request, reply) => {
      const { socket } = request.raw;
      door.uploading.add(socket);
      try {
        return await reply.code(201).send(await receive(door, request));
      } catch (error) {
        // What still comes of the body is not waited for.
        reply.header('connection', 'close');
        throw error;
      } finally {
        door.uploading.delete(socket);
      }
    });
  });
}

interface File {
  stage: unknown;
  name: unknown;
  mediaType: string | undefined;
  body: Chunks;
}

async function receive(door: StreamDoor, request: FastifyRequest<Called>): Promise<unknown> {
  const { stage, name, mediaType, body } = request.isMultipart()
    ? await fromForm(request)
    : fromBody(door, request);
  const key = request.headers['idempotency-key'];
  const caseId = request.params.lead_id;
  const input = { caseId, stage, name, ...(mediaType === undefined ? {} : { mediaType }) };
  const credential = credentialOf(request);
  const call = { operation: 'artifact.upload', input, credential, body };
  return (await door.upload({ ...call, ...(typeof key === 'string' ? { key } : {}) })).output;
}

/** The field `stage` stands before the file, or in the query: what comes later is not known yet. */
async function fromForm(request: FastifyRequest<Called>): Promise<File> {
  const form = await request.file();
  if (form === undefined) throw noFile('the form has no field `file`');
  const field = form.fields['stage'];
  const given = field !== undefined && 'value' in field ? field.value : undefined;
  const stage = given ?? request.query['stage'];
  if (stage === undefined) throw noFile('the form has no field `stage` before its `file`');
  const { filename: name, mimetype: mediaType, file } = form;
  return { stage, name, mediaType, body: file };
}

function fromBody({ clock }: StreamDoor, { raw, query, headers }: FastifyRequest<Called>): File {
  const { stage, name } = query;
  const mediaType = headers['content-type'];
  return { stage, name, mediaType, body: incoming(raw, clock).body };
}

function noFile(message: string): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint: 'For example: curl -F stage=pulse -F file=@notes.md …/artifacts',
  });
}
