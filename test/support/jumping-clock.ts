/**
 * Loaded into a process with `--import`: each SIGUSR2 sets its wall clock, an hour on at first,
 * then back to where it was. Time that is counted and timers know nothing of it, as where somebody
 * sets the clock of a machine.
 */
const HOUR_MS = 3_600_000;

const wall = globalThis.Date;
let aheadMs = 0;
const now = (): number => wall.now() + aheadMs;

globalThis.Date = new Proxy(wall, {
  construct: (target, given, made) =>
    Reflect.construct(target, given.length > 0 ? given : [now()], made),
  apply: () => new wall(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

process.on('SIGUSR2', () => {
  aheadMs = aheadMs === 0 ? HOUR_MS : 0;
  process.stderr.write(`wall clock: ${aheadMs} ms ahead\n`);
});
