/** What the mirror, which is a consumer of events, asks of cases. */
export { stageFolders } from './lifecycle.ts';
export { type ArtifactRow, findCase, findPipeline, listArtifacts, listCases } from './queries.ts';
export { parseState, stagesOf, toArtifact, toHead } from './view.ts';
