/** Where the tasks stand in a file, and where what is common to them. */
import { unknown } from './layer.ts';
import type { Problems } from './problems.ts';
import type { Source } from './source.ts';
import { parseValue, type Fields, type Value } from './value.ts';

export interface Outline {
  defaults: Fields | undefined;
  tasks: Fields[];
}

const PARTS = ['defaults', 'tasks'];

export function outline(source: Source, problems: Problems): Outline {
  const whole = parsed(source, problems);
  const none = { defaults: undefined, tasks: [] };
  const place = { line: 1, column: 1 };
  if (whole === undefined) {
    if (problems.isEmpty()) problems.add({ place, message: 'there are no tasks here' });
    return none;
  }
  if (whole.kind === 'list') return { defaults: undefined, tasks: listed(whole, problems) };
  if (whole.kind === 'text') {
    const message = 'this is no list of tasks, and no `tasks:` with one';
    problems.add({ place: whole.place, message });
    return none;
  }
  for (const [field, entry] of whole.entries) {
    if (PARTS.includes(field)) continue;
    problems.add({ place: entry.place, field, message: unknown(field, PARTS) });
  }
  const tasks = whole.entries.get('tasks');
  if (tasks === undefined) problems.add({ place: whole.place, message: 'there is no `tasks`' });
  const defaults = whole.entries.get('defaults');
  const isFit = defaults === undefined || defaults.value.kind === 'fields';
  if (!isFit) problems.add({ place: defaults.place, message: 'the defaults are fields of a task' });
  return {
    defaults: defaults?.value.kind === 'fields' ? defaults.value : undefined,
    tasks: tasks === undefined ? [] : listed(tasks.value, problems),
  };
}

function listed(value: Value, problems: Problems): Fields[] {
  if (value.kind !== 'list') {
    problems.add({ place: value.place, message: 'this is no list of tasks' });
    return [];
  }
  if (value.items.length === 0) {
    problems.add({ place: value.place, message: 'there are no tasks here' });
  }
  return value.items.flatMap((item) => {
    if (item.kind === 'fields') return [item];
    problems.add({ place: item.place, message: 'a task has fields, such as `title: Fix it`' });
    return [];
  });
}

function parsed({ text, isLines }: Source, problems: Problems): Value | undefined {
  if (!isLines) return parseValue(text, problems);
  const place = { line: 1, column: 1 };
  const items = text.split('\n').flatMap((line, at) => {
    const value = line.trim() === '' ? undefined : parseValue(line, problems, at + 1);
    return value === undefined ? [] : [value];
  });
  return { kind: 'list', place, items };
}
