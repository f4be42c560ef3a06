/** Contract ↔ domains, for schedules. */
import { type OperationName, operations as o } from '../contract/index.ts';
import { add } from '../domain/schedule/add.ts';
import * as schedules from '../domain/schedule/operations.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<OperationName, `schedule.${string}`>;

export const scheduleHandlers: Handlers<Name> = {
  'schedule.add': command(o['schedule.add'], add),
  'schedule.list': query(o['schedule.list'], schedules.list),
  'schedule.show': query(o['schedule.show'], schedules.show),
  'schedule.pause': command(o['schedule.pause'], schedules.pause),
  'schedule.resume': command(o['schedule.resume'], schedules.resume),
  'schedule.remove': command(o['schedule.remove'], schedules.remove),
  'schedule.run': command(o['schedule.run'], schedules.run),
  'schedule.preview': query(o['schedule.preview'], schedules.preview),
};
