/** Reading, writing and moving cases. */
import { type CaseEntry, type CaseHead, CaseState, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmless } from '../terminal/harmless.ts';
import { fields, table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { speaker } from '../place/speaker.ts';
import { timeInWords } from '../words/time.ts';
import { parsedJson } from '../../core/json.ts';

const VERSIONS = { min: 0, max: Number.MAX_SAFE_INTEGER };

export async function showCase(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const version = options.integer('at', { ...VERSIONS, min: 1 });
  const hub = await context.hub();
  const found = await hub.case.get({ id: theOne(context), version });
  output.give(found, () => [
    output.paint('bold', found.id),
    ...fields(output, [
      ['version', String(found.version)],
      ['pipeline', found.pipeline ?? undefined],
      ['stage', found.stage ?? undefined],
      ['written', `${timeInWords(found.updatedAtMs, clock.nowMs())} by ${found.updatedBy}`],
    ]),
    '',
    harmless(JSON.stringify(found.state, null, 2)),
  ]);
}

export async function listCases(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const narrowed = { pipeline: options.text('pipeline'), stage: options.text('stage') };
  const page = await hub.case.list({ ...pageOf(options), ...narrowed });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: CaseHead) => id },
    { title: 'VERSION', text: ({ version }: CaseHead) => String(version) },
    { title: 'PIPELINE', text: ({ pipeline }: CaseHead) => pipeline ?? '-' },
    { title: 'STAGE', text: ({ stage }: CaseHead) => stage ?? '-' },
    { title: 'WRITTEN', text: ({ updatedAtMs }: CaseHead) => timeInWords(updatedAtMs, nowMs) },
    { title: 'BY', text: ({ updatedBy }: CaseHead) => updatedBy },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ["No cases yet: signalbox case put ID '{}'"]
      : [...table(output, columns, page.items), ...nextPage(page, 'case list')],
  );
}

export async function putCase(context: Context): Promise<void> {
  const { options } = context;
  const state = await jsonOf(context, context.args[1] ?? '');
  const hub = await context.hub(await speaker(context));
  const head = await hub.case.put({
    id: theOne(context),
    state,
    version: versionRead(context),
    pipeline: options.text('pipeline'),
    stage: options.text('stage'),
  });
  giveHead(context, head);
}

export async function patchCase(context: Context): Promise<void> {
  const patch = await jsonOf(context, context.args[1] ?? '');
  const hub = await context.hub(await speaker(context));
  const version = versionRead(context);
  giveHead(context, await hub.case.patch({ id: theOne(context), patch, version }));
}

export async function advanceCase(context: Context): Promise<void> {
  const { options, output } = context;
  const json = options.text('patch');
  const patch = json === undefined ? undefined : await jsonOf(context, json);
  const hub = await context.hub(await speaker(context));
  const asked = { id: theOne(context), to: options.text('to'), version: versionRead(context) };
  const moved = await hub.case.advance({ ...asked, patch });
  const { signal } = moved;
  const told = signal === null ? 'nobody is told' : `${signal.to} is told (${signal.id})`;
  output.give(moved, () => [`${asked.id}  ${moved.case.stage ?? '-'}  ${told}`]);
}

export async function showHistory(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const id = theOne(context);
  const hub = await context.hub();
  const page = await hub.case.history({ ...pageOf(options), id });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'VERSION', text: ({ version }: CaseEntry) => String(version) },
    { title: 'WHAT', text: ({ action }: CaseEntry) => action },
    { title: 'STAGE', text: ({ stage }: CaseEntry) => stage ?? '-' },
    { title: 'WRITTEN', text: ({ atMs }: CaseEntry) => timeInWords(atMs, nowMs) },
    { title: 'BY', text: ({ actor }: CaseEntry) => actor },
    { title: 'HAD READ', text: ({ basedOn }: CaseEntry) => String(basedOn ?? 'not told') },
  ];
  output.give(page, () => [
    ...table(output, columns, page.items),
    ...nextPage(page, `case history ${id}`),
  ]);
}

function giveHead({ output }: Context, head: CaseHead): void {
  output.give(head, () => [`${head.id}  version ${head.version}`]);
}

function versionRead({ options }: Context): number | undefined {
  return options.integer('versionRead', VERSIONS);
}

async function jsonOf(context: Context, argument: string): Promise<CaseState> {
  const text = argument === '-' ? await context.readStdin() : argument;
  const parsed = CaseState.safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  throw new SignalboxError('invalid_input', 'What was given is not a JSON object.', {
    hint: `Quote it for the shell: signalbox case put abc-123 '{"lead":"Example Ltd"}'`,
  });
}
