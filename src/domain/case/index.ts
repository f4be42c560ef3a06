/** What the mirror, which is a consumer of events, asks of cases. */
export { stageFolders } from './lifecycle.ts';
export { type ArtifactRow, listArtifacts } from './artifact-queries.ts';
export { findPipeline } from './pipeline-queries.ts';
export { findCase, listCases } from './queries.ts';
export { parseState, stagesOf, toArtifact, toHead } from './view.ts';
