/** The commands on cases, their files, and the pipelines that they go through. */
import { AS, type CommandEntry, type OptionEntry, PAGE } from './entry.ts';

const VERSION: OptionEntry = {
  flags: '--version-read <number>',
  summary: 'the version that you have read: refused where it is no longer the newest',
};

const CASES = () => import('../commands/case.ts');
const FILES = () => import('../commands/case-files.ts');
const PIPELINES = () => import('../commands/pipeline.ts');

export const cases: readonly CommandEntry[] = [
  {
    name: 'case show',
    args: '<id>',
    summary: 'One case with its state.',
    group: 'Work',
    options: [{ flags: '--at <version>', summary: 'as it was in this version' }],
    load: async () => (await CASES()).showCase,
  },
  {
    name: 'case list',
    summary: 'Cases by id.',
    group: 'Work',
    options: [
      { flags: '--pipeline <name>', summary: 'only those in this pipeline' },
      { flags: '--stage <name>', summary: 'only those in this stage' },
      ...PAGE,
    ],
    load: async () => (await CASES()).listCases,
  },
  {
    name: 'case put',
    args: '<id> <json>',
    summary: 'Write the whole state of a case, or open it (`-` reads stdin).',
    group: 'Work',
    options: [
      VERSION,
      { flags: '--pipeline <name>', summary: 'put it into this pipeline' },
      { flags: '--stage <name>', summary: 'where it begins' },
      AS,
    ],
    example: `signalbox case put abc-123 '{"lead":"Example Ltd"}' --pipeline max`,
    load: async () => (await CASES()).putCase,
  },
  {
    name: 'case patch',
    args: '<id> <json>',
    summary: 'Change parts of the state: what is null is removed (`-` reads stdin).',
    group: 'Work',
    options: [VERSION, AS],
    load: async () => (await CASES()).patchCase,
  },
  {
    name: 'case advance',
    args: '<id>',
    summary: 'Move a case to the next stage, whose agent is signalled.',
    group: 'Work',
    options: [
      { flags: '--to <stage>', summary: 'to this stage' },
      { flags: '--patch <json>', summary: 'change the state with it (`-` reads stdin)' },
      VERSION,
      AS,
    ],
    load: async () => (await CASES()).advanceCase,
  },
  {
    name: 'case history',
    args: '<id>',
    summary: 'Who wrote what version of a case, newest first.',
    group: 'Work',
    options: PAGE,
    load: async () => (await CASES()).showHistory,
  },
  {
    name: 'case artifacts',
    args: '<id>',
    summary: 'The files of a case.',
    group: 'Work',
    options: [
      { flags: '--stage <name>', summary: 'only those of this stage' },
      { flags: '--all', summary: 'earlier versions too' },
      ...PAGE,
    ],
    load: async () => (await FILES()).listArtifacts,
  },
  {
    name: 'case upload',
    args: '<id> <file>',
    summary: 'Keep a file for a stage of a case.',
    group: 'Work',
    options: [
      { flags: '--stage <name>', summary: 'the one that the case is in unless told' },
      { flags: '--name <name>', summary: 'the name of the file unless told' },
      { flags: '--type <type>', summary: 'its media type, such as text/plain' },
      AS,
    ],
    load: async () => (await FILES()).uploadFile,
  },
  {
    name: 'case download',
    args: '<artifact> [file]',
    summary: 'Fetch a file of a case, by the id of the artifact (`-` writes to stdout).',
    group: 'Work',
    options: [{ flags: '--force', summary: 'replace a file that is there' }],
    load: async () => (await FILES()).downloadFile,
  },
  {
    name: 'pipeline set',
    args: '<file>',
    summary: 'Declare a pipeline, from YAML or JSON (`-` reads stdin).',
    group: 'Work',
    example: 'signalbox pipeline set max.yaml',
    load: async () => (await PIPELINES()).setPipeline,
  },
  {
    name: 'pipeline show',
    args: '<name>',
    summary: 'The stages of a pipeline, whom they tell, and how many cases are in each.',
    group: 'Work',
    load: async () => (await PIPELINES()).showPipeline,
  },
  {
    name: 'pipeline list',
    summary: 'The pipelines there are.',
    group: 'Work',
    options: PAGE,
    load: async () => (await PIPELINES()).listPipelines,
  },
  {
    name: 'pipeline remove',
    args: '<name>',
    summary: 'End a pipeline that no case is in.',
    group: 'Work',
    load: async () => (await PIPELINES()).removePipeline,
  },
];
