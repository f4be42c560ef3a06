/**
 * May a case move? Pure: the stages of its pipeline and a command in, a verdict out.
 *
 *   (nowhere) ─► first stage ─► the next one, or one that the stage declares ─► … ─► the last one
 */
import type { Stage } from '../../contract/index.ts';

export type StageVerdict = { is: 'move'; to: Stage } | { is: 'refuse'; allowed: string[] };

/** Without `to` the case goes where its stage leads first. */
export function decideStage(
  stages: readonly Stage[],
  { from, to }: { from: string | null; to: string | undefined },
): StageVerdict {
  const allowed = stagesAfter(stages, from);
  const wanted = to ?? allowed[0];
  const stage = stages.find(({ name }) => name === wanted);
  if (stage === undefined || !allowed.includes(stage.name)) return { is: 'refuse', allowed };
  return { is: 'move', to: stage };
}

export function stagesAfter(stages: readonly Stage[], from: string | null): string[] {
  if (from === null) return stages.slice(0, 1).map(({ name }) => name);
  const at = stages.findIndex(({ name }) => name === from);
  const stage = stages[at];
  if (stage === undefined) return [];
  return stage.next ?? stages.slice(at + 1, at + 2).map(({ name }) => name);
}

/**
 * Where the artifacts of a stage lie in a mirror: `stage-<n>-<name>`, counted in the order of the
 * pipeline. Stages that it does not have follow, in the order in which they first got something.
 */
export function stageFolders(
  declared: readonly string[],
  used: Iterable<string>,
): Map<string, string> {
  const names = [...new Set([...declared, ...used])];
  return new Map(names.map((name, index) => [name, `stage-${index + 1}-${name}`]));
}
