/** Contract ↔ domains, for cases, pipelines and artifacts. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as artifacts from '../domain/case/artifacts.ts';
import { advance } from '../domain/case/advance.ts';
import * as cases from '../domain/case/operations.ts';
import * as pipelines from '../domain/case/pipelines.ts';
import { command, download, type Handlers, query, upload } from './bound.ts';

type Name = Extract<OperationName, `${'case' | 'pipeline' | 'artifact'}.${string}`>;

export const caseHandlers: Handlers<Name> = {
  'case.get': query(o['case.get'], cases.get),
  'case.put': command(o['case.put'], cases.put),
  'case.patch': command(o['case.patch'], cases.patch),
  'case.advance': command(o['case.advance'], advance),
  'case.list': query(o['case.list'], cases.list),
  'case.history': query(o['case.history'], cases.history),
  'pipeline.set': command(o['pipeline.set'], pipelines.set),
  'pipeline.show': query(o['pipeline.show'], pipelines.show),
  'pipeline.list': query(o['pipeline.list'], pipelines.list),
  'pipeline.remove': command(o['pipeline.remove'], pipelines.remove),
  'artifact.upload': upload(o['artifact.upload'], artifacts.upload),
  'artifact.download': download(o['artifact.download'], artifacts.download),
  'artifact.list': query(o['artifact.list'], artifacts.list),
};
