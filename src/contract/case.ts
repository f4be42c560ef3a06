/**
 * Cases: one matter that goes from stage to stage, and from agent to agent.
 *
 * A case has a JSON state, which every write gives a new version. A writer that names the version
 * it read is refused when another came first; one that names none wins, and the history says so. A
 * pipeline declares the stages and who is told when a case enters one: `case.advance` moves the
 * case, writes its state and signals the next stage in one transaction. Artifacts are files that
 * belong to a stage of a case; their bytes are kept once, under their hash.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { command, Declared, download, query, upload } from './operation.ts';
import { AgentName, ArtifactId, Capability, MessageId, page, pageInput, TimeMs } from './shape.ts';

/** Chosen by whoever opens the case. It is a folder's name too, so it leads nowhere else. */
export const CaseId = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, dot, dash and underscore');

export const PipelineName = CaseId;
export const StageName = CaseId;

export const CaseVersion = z.int().min(1);

/** A JSON object. */
export const CaseState = z
  .record(z.string(), z.unknown())
  .refine((state) => jsonChars(state) <= limits.caseStateCharsMax, {
    message: `JSON of at most ${limits.caseStateCharsMax} characters`,
  });
export type CaseState = z.infer<typeof CaseState>;

function jsonChars(value: unknown): number {
  try {
    return JSON.stringify(value).length;
  } catch {
    return Infinity;
  }
}

/** A case without its state. */
export const CaseHead = z.strictObject({
  id: CaseId,
  version: CaseVersion,
  /** Null where it goes through no pipeline. */
  pipeline: PipelineName.nullable(),
  stage: StageName.nullable(),
  createdAtMs: TimeMs,
  updatedAtMs: TimeMs,
  updatedBy: AgentName,
});
export type CaseHead = z.infer<typeof CaseHead>;

export const Case = CaseHead.extend({ state: z.record(z.string(), z.unknown()) });
export type Case = z.infer<typeof Case>;

export const CaseAction = z.enum(['put', 'patch', 'advance']);
export type CaseAction = z.infer<typeof CaseAction>;

/** One write. */
export const CaseEntry = z.strictObject({
  version: CaseVersion,
  action: CaseAction,
  actor: AgentName,
  atMs: TimeMs,
  stage: StageName.nullable(),
  /** The version that the writer had read; null where it wrote without naming one. */
  basedOn: z.int().min(0).nullable(),
});
export type CaseEntry = z.infer<typeof CaseEntry>;

/** Who is told when a case enters the stage: one of the three, or nobody. */
export const Stage = z
  .strictObject({
    name: StageName,
    agent: AgentName.optional(),
    /** An agent that can do this; one that is here goes before one that is not. */
    capability: Capability.optional(),
    team: AgentName.optional(),
    signalType: z
      .string()
      .max(limits.nameCharsMax)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/, 'letters, digits and . _ : / -')
      .default('PIPELINE_TRANSITION'),
    /** Where a case may go from here; unless told, to the stage that follows. */
    next: z.array(StageName).max(limits.stagesMax).optional(),
  })
  .refine(
    ({ agent, capability, team }) =>
      [agent, capability, team].filter((told) => told !== undefined).length <= 1,
    'one of agent, capability and team',
  );
export type Stage = z.infer<typeof Stage>;

/** A name twice would be two places in one, and a move to nowhere could never be made. */
const Stages = z
  .array(Stage)
  .min(1)
  .max(limits.stagesMax)
  .refine(
    (stages) => new Set(stages.map(({ name }) => name)).size === stages.length,
    'stages with names of their own',
  )
  .refine((stages) => {
    const names = new Set(stages.map(({ name }) => name));
    return stages.every(({ next = [] }) => next.every((name) => names.has(name)));
  }, 'a next stage that is one of the pipeline');

export const Pipeline = z.strictObject({
  name: PipelineName,
  stages: z.array(Stage),
  updatedAtMs: TimeMs,
  updatedBy: AgentName,
});
export type Pipeline = z.infer<typeof Pipeline>;

const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
/** What some system reads as a path, as an option of a shell or not at all. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\<>:"|?*]/u;
const NAME_BYTES_MAX = 240;

/**
 * The name of a file, and nothing but that on any system: no path, no device, not hidden. The
 * mirror of a case puts it on a disk as it is.
 */
export const ArtifactName = z
  .string()
  .min(1)
  .max(limits.artifactNameCharsMax)
  .normalize('NFC')
  .refine(
    (name) =>
      !UNSAFE.test(name) &&
      !/^[\s.~-]|[\s.]$/.test(name) &&
      !RESERVED.test(name) &&
      new TextEncoder().encode(name).length <= NAME_BYTES_MAX,
    'the plain name of a file: no / or other sign of a path, no dot or dash in front',
  );

export const MediaType = z
  .string()
  .max(limits.artifactNameCharsMax)
  .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+( *;[\x20-\x7e]*)?$/, 'a media type such as text/plain');

export const Artifact = z.strictObject({
  id: ArtifactId,
  caseId: CaseId,
  stage: StageName,
  name: ArtifactName,
  /** Counts what was uploaded under this name in this stage. */
  version: z.int().min(1),
  mediaType: z.string(),
  bytes: z.int().min(0),
  sha256: z.string(),
  uploadedBy: AgentName,
  createdAtMs: TimeMs,
});
export type Artifact = z.infer<typeof Artifact>;

const one = { id: CaseId };
/** The version that the writer has read; another one is refused. 0: there is no such case yet. */
const based = { version: z.int().min(0).optional() };

export const caseOperations = {
  'case.get': query('case.get', {
    scope: 'read',
    summary: 'One case with its state, as it is now or as it was in an earlier version.',
    input: z.strictObject({ ...one, version: CaseVersion.optional() }),
    output: Case,
    errors: ['not_found'],
  }),
  'case.put': command('case.put', {
    scope: 'submit',
    summary:
      'Writes the whole state of a case, and opens the case where there is none. Without a ' +
      'version the last write wins, and the history says so.',
    input: z.strictObject({
      ...one,
      ...based,
      state: CaseState,
      /** Puts the case into this pipeline, where it stays. */
      pipeline: PipelineName.optional(),
      /** In a pipeline: where it begins. Null: nowhere yet; the first `case.advance` begins it. */
      stage: StageName.nullable().optional(),
    }),
    output: CaseHead,
    errors: ['not_found', 'conflict'],
  }),
  'case.patch': command('case.patch', {
    scope: 'submit',
    summary: 'Changes parts of the state: a JSON merge patch (RFC 7396), in which null removes.',
    input: z.strictObject({ ...one, ...based, patch: CaseState }),
    output: CaseHead,
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  'case.advance': command('case.advance', {
    scope: 'submit',
    summary:
      'Moves a case to the next stage of its pipeline, patches its state and signals whoever ' +
      'the stage names, in one transaction.',
    input: z.strictObject({
      ...one,
      ...based,
      to: StageName.optional(),
      patch: CaseState.optional(),
    }),
    output: z.strictObject({
      case: CaseHead,
      /** Null where the stage names nobody. */
      signal: z.strictObject({ id: MessageId, to: AgentName }).nullable(),
    }),
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  'case.list': query('case.list', {
    scope: 'read',
    summary: 'Cases without their states, by id: all, or those of a pipeline or a stage.',
    input: z.strictObject({
      ...pageInput,
      pipeline: PipelineName.optional(),
      stage: StageName.optional(),
    }),
    output: page(CaseHead),
  }),
  'case.history': query('case.history', {
    scope: 'read',
    summary: 'The writes of a case, newest first. `case.get` reads what one of them left.',
    input: z.strictObject({ ...pageInput, ...one }),
    output: page(CaseEntry),
    errors: ['not_found'],
  }),
  'pipeline.set': command('pipeline.set', {
    scope: 'operate',
    summary: 'Declares a pipeline, in place of what it was before. No case may lose its stage.',
    input: z.strictObject({ name: PipelineName, stages: Stages }),
    output: Pipeline,
    errors: ['conflict'],
  }),
  'pipeline.show': query('pipeline.show', {
    scope: 'read',
    summary: 'One pipeline, and how many cases are in each of its stages.',
    input: z.strictObject({ name: PipelineName }),
    output: z.strictObject({ pipeline: Pipeline, cases: z.record(z.string(), z.int().min(0)) }),
    errors: ['not_found'],
  }),
  'pipeline.list': query('pipeline.list', {
    scope: 'read',
    summary: 'The pipelines of the project, by name.',
    input: z.strictObject(pageInput),
    output: page(Pipeline),
  }),
  'pipeline.remove': command('pipeline.remove', {
    scope: 'operate',
    summary: 'Ends a pipeline that no case is in.',
    input: z.strictObject({ name: PipelineName }),
    output: z.strictObject({ wasThere: z.boolean() }),
    errors: ['conflict'],
  }),
  'artifact.upload': upload('artifact.upload', {
    scope: 'submit',
    summary:
      'Keeps a file for a stage of a case. The same name again is a new version of it; the same ' +
      'content again is what is there already.',
    input: z.strictObject({
      ...Declared.shape,
      caseId: CaseId,
      /** Unless told, the one that the case is in. */
      stage: StageName.optional(),
      name: ArtifactName,
      mediaType: MediaType.default('application/octet-stream'),
    }),
    output: Artifact,
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  'artifact.download': download('artifact.download', {
    scope: 'read',
    summary: 'The bytes of one artifact, or a range of them.',
    input: z.strictObject({ id: ArtifactId }),
    output: Artifact,
    errors: ['not_found', 'out_of_range'],
  }),
  'artifact.list': query('artifact.list', {
    scope: 'read',
    summary: 'The artifacts of a case in the order in which they came, each in its last version.',
    input: z.strictObject({
      ...pageInput,
      caseId: CaseId,
      stage: StageName.optional(),
      name: ArtifactName.optional(),
      /** Earlier versions too. */
      isFull: z.boolean().default(false),
    }),
    output: page(Artifact),
    errors: ['not_found'],
  }),
};
