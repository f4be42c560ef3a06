/**
 * In which order tasks that name each other can be made: each after all that it names. Pure. Names
 * that begin with `tsk_` are of tasks that are there already.
 */
import { SignalboxError } from '../../contract/index.ts';

export interface Named {
  ref?: string | undefined;
  after: readonly string[];
  parent?: string | undefined;
}

/** The places of the tasks, in an order in which they can be made; as given where that is free. */
export function inOrder(tasks: readonly Named[]): number[] {
  const places = placesOf(tasks);
  const order: number[] = [];
  const states = new Map<number, 'begun' | 'done'>();
  for (const start of tasks.keys()) {
    // Not by recursion: a chain may be as long as the list.
    const path: Visit[] = visit(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.named.pop();
      if (next === undefined) {
        states.set(top.place, 'done');
        order.push(top.place);
        path.pop();
      } else if (states.get(next) === 'begun') throw circle(tasks, path, next);
      else path.push(...visit(next));
    }
  }
  return order;

  function visit(place: number): Visit[] {
    if (states.has(place)) return [];
    states.set(place, 'begun');
    const task = tasks[place];
    const names = task === undefined ? [] : [...task.after, ...(task.parent ? [task.parent] : [])];
    const named = names.flatMap((name) => placeOf(places, name, place) ?? []);
    return [{ place, named: named.toReversed() }];
  }
}

interface Visit {
  place: number;
  /** What it names and was not looked at yet, the first one last. */
  named: number[];
}

function placesOf(tasks: readonly Named[]): Map<string, number> {
  const places = new Map<string, number>();
  for (const [place, { ref }] of tasks.entries()) {
    if (ref === undefined) continue;
    const before = places.get(ref);
    if (before !== undefined) {
      throw wrong(`tasks[${before}] and tasks[${place}] are both named ${ref}`);
    }
    places.set(ref, place);
  }
  return places;
}

function placeOf(
  places: ReadonlyMap<string, number>,
  name: string,
  by: number,
): number | undefined {
  const place = places.get(name);
  if (place === undefined && !name.startsWith('tsk_')) {
    throw wrong(`tasks[${by}] names ${name}, and no task of this call has that ref`);
  }
  return place;
}

/** Told from the first of it on round to itself. */
function circle(tasks: readonly Named[], path: readonly Visit[], place: number): SignalboxError {
  const places = path.map((visit) => visit.place);
  const round = [...places.slice(places.indexOf(place)), place];
  const names = round.map((at) => tasks[at]?.ref ?? `tasks[${at}]`);
  return wrong(`these tasks wait for each other: ${names.join(' → ')}`);
}

function wrong(message: string): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint: 'Each ref is used once; after and parent name a ref of the same call, or a task id.',
  });
}
