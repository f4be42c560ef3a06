/**
 * The tasks of the demo, each with what must stand on the main branch in the end.
 *
 * They show: two agents at once on disjoint files; two tasks that alter the same line, so that the
 * second meets a conflict and is done again on the moved base; a task whose check fails until an
 * attempt reads what the check printed; tasks that wait for others. The steps in a body are what
 * agent.ts carries out; the checks use nothing but `sh` and its usual tools, and run in any
 * repository, since every file lies in one folder.
 */
export interface Part {
  key: string;
  title: string;
  /** For the people who watch. */
  shows: string;
  steps: readonly string[];
  check: string;
  /** Keys of the parts that must be done first. */
  after: readonly string[];
  /** What its file holds once all has landed. */
  proof: { path: string; holds: string };
}

export function planIn(folder: string): Part[] {
  return [...openings(folder), ...rivals(folder), timetable(folder), report(folder)];
}

function openings(folder: string): Part[] {
  const [sign, board] = [`${folder}/sign.txt`, `${folder}/board.txt`];
  return [
    {
      key: 'sign',
      title: 'Put up the station sign',
      shows: 'two tasks at once on different files',
      steps: ['together opening', `write ${sign} Signalbox Central`, 'pause 0.4'],
      check: `grep -q 'Signalbox Central' ${sign}`,
      after: [],
      proof: { path: sign, holds: 'Signalbox Central' },
    },
    {
      key: 'board',
      title: 'Hang up the departure board',
      shows: 'two tasks at once on different files',
      steps: ['together opening', `write ${board} Departures:`, 'pause 0.4'],
      check: `grep -q '^Departures:' ${board}`,
      after: [],
      proof: { path: board, holds: 'Departures:' },
    },
  ];
}

/** Both append to the one line of the board, and wait for each other before they begin. */
function rivals(folder: string): Part[] {
  const board = `${folder}/board.txt`;
  return ['northbound', 'southbound'].map((train) => ({
    key: train,
    title: `Announce the ${train} train`,
    shows: 'two tasks that alter the same line',
    steps: ['together announcing', `extend ${board} ${train}`, 'pause 0.4'],
    check: `grep -q '^Departures:.* ${train}' ${board}`,
    after: ['sign', 'board'],
    proof: { path: board, holds: ` ${train}` },
  }));
}

const MINUTES = { northbound: 17, southbound: 25 };
const SUM = MINUTES.northbound + MINUTES.southbound;

function timetable(folder: string): Part {
  const [table, total] = [`${folder}/timetable.txt`, `${folder}/total.txt`];
  const { northbound, southbound } = MINUTES;
  const rows = [`write ${table} northbound ${northbound}`, `add ${table} southbound ${southbound}`];
  return {
    key: 'timetable',
    title: 'Add up the timetable',
    shows: 'a check that fails until its output is read',
    steps: [...rows, `total ${total} ${SUM - 1}`, 'pause 0.4'],
    check: `[ "$(tr -dc 0-9 <${total})" = ${SUM} ] || { echo "expected ${SUM}"; false; }`,
    after: [],
    proof: { path: total, holds: String(SUM) },
  };
}

function report(folder: string): Part {
  const path = `${folder}/report.txt`;
  return {
    key: 'report',
    title: 'Write the report of the day',
    shows: 'a task that waits for others',
    steps: [`copy ${folder}/board.txt ${path}`, `copy ${folder}/total.txt ${path}`],
    check: ['northbound', 'southbound', SUM].map((word) => `grep -q ${word} ${path}`).join(' && '),
    after: ['northbound', 'southbound', 'timetable'],
    proof: { path, holds: 'northbound' },
  };
}

export function bodyOf({ steps }: Part): string {
  return ['Carry out these steps:', '', ...steps.map((step) => `- ${step}`)].join('\n');
}
