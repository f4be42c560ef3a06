/**
 * How the tasks of a file hang together by their refs: each name is one task's, each task that is
 * named is there, and nothing waits for itself.
 */
import { TaskId } from '../../contract/index.ts';
import { similar } from '../words/similar.ts';
import type { Layer } from './layer.ts';

export interface Node {
  layer: Layer;
  ref: string | undefined;
  after: readonly string[];
  parent: string | undefined;
}

export function checkGraph(nodes: readonly Node[]): void {
  const byRef = new Map<string, Node>();
  for (const node of nodes) {
    const { ref, layer } = node;
    if (ref === undefined) continue;
    const twin = byRef.get(ref);
    if (twin === undefined) byRef.set(ref, node);
    else layer.note('ref', `\`${ref}\` is the task in line ${twin.layer.placeOf('ref').line} too`);
  }
  for (const node of nodes) checkNames(node, byRef);
  const circle = findCircle(byRef);
  if (circle !== undefined) tellCircle(circle);
  else for (const node of nodes) checkChildren(node, byRef);
}

function checkNames({ layer, after, parent }: Node, byRef: ReadonlyMap<string, Node>): void {
  after.forEach((name, at) =>
    checkName(name, byRef, (message) => layer.note('after', message, at)),
  );
  if (parent !== undefined) checkName(parent, byRef, (message) => layer.note('parent', message));
}

function checkName(
  name: string,
  byRef: ReadonlyMap<string, Node>,
  note: (message: string) => void,
): void {
  if (name === '' || byRef.has(name)) return;
  if (name.startsWith('tsk_')) {
    const { error } = TaskId.safeParse(name);
    if (error !== undefined) note(error.issues[0]?.message ?? 'this is no id');
    return;
  }
  const meant = similar(name, byRef.keys());
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  note(`no task here has the ref \`${name}\`${hint}`);
}

function namesOf({ after, parent }: Node): string[] {
  return parent === undefined ? [...after] : [...after, parent];
}

/** Depth first, without the stack of calls: a chain may be as long as the file. */
function findCircle(byRef: ReadonlyMap<string, Node>): Node[] | undefined {
  const isDone = new Set<Node>();
  for (const start of byRef.values()) {
    const way = [{ node: start, names: namesOf(start) }];
    const isOnWay = new Set([start]);
    for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
      const name = last.names.pop();
      const next = name === undefined ? undefined : byRef.get(name);
      if (name === undefined) {
        isDone.add(last.node);
        isOnWay.delete(last.node);
        way.pop();
      } else if (next !== undefined && isOnWay.has(next)) {
        const nodes = way.map(({ node }) => node);
        return nodes.slice(nodes.indexOf(next));
      } else if (next !== undefined && !isDone.has(next)) {
        way.push({ node: next, names: namesOf(next) });
        isOnWay.add(next);
      }
    }
  }
  return undefined;
}

const CIRCLE_SHOWN_MAX = 12;

function tellCircle(circle: readonly Node[]): void {
  const [first] = circle;
  const names = circle.map(({ ref }) => ref ?? '');
  const shown = names.slice(0, CIRCLE_SHOWN_MAX);
  if (names.length > shown.length) shown.push('…');
  const way = [...shown, names[0]].join(' → ');
  first?.layer.note('after', `these tasks wait for each other: ${way}`);
}

/** A parent may wait for its children to end; a child that waits for it would hold both up. */
function checkChildren({ layer, after, parent }: Node, byRef: ReadonlyMap<string, Node>): void {
  let above = parent;
  while (above !== undefined) {
    const at = after.indexOf(above);
    if (at !== -1)
      layer.note('after', `it is a child of \`${above}\` and cannot come after it`, at);
    above = byRef.get(above)?.parent;
  }
}
