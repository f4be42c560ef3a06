/**
 * `npm run bench -- tasks|messages|fanout|locks`: ours beside the peers, in turn and in one run.
 * `npm run bench -- recovery|idle|schedule`: ours alone, against what is promised.
 *
 *   --rounds N (5)  --count N (how many tasks or messages to saturate with)
 *   --samples N (how many for the latency)  --peers NAME,… (those of the race; '' for none)
 *   --finished N (tasks: done tasks in the store before the first round)
 *   --deaf N (fanout: sockets beside the others that read nothing)
 */
import { parseArgs } from 'node:util';
import { idle } from './idle/idle.ts';
import { type Options, race } from './race.ts';
import { races } from './races.ts';
import { recovery } from './recovery/recovery.ts';
import { schedule } from './schedule/schedule.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    count: { type: 'string' },
    samples: { type: 'string' },
    peers: { type: 'string' },
    finished: { type: 'string', default: '0' },
    deaf: { type: 'string', default: '0' },
  },
});

const measures: Record<string, () => Promise<void>> = {
  recovery: () => recovery({ samples: Number(values.samples ?? 100) }),
  idle: () => idle({ count: Number(values.count ?? 100) }),
  schedule: () =>
    schedule({
      count: Number(values.count ?? 10_000),
      samples: Number(values.samples ?? 1_000),
      agents: 200,
    }),
};
const measure = measures[positionals[0] ?? ''];
const chosen = races.find(({ name }) => name === positionals[0]);
if (measure !== undefined) {
  await measure();
} else if (chosen === undefined) {
  const names = [...races.map(({ name }) => name), ...Object.keys(measures)];
  console.error(`npm run bench -- ${names.join('|')} [--rounds 5]`);
  process.exitCode = 64;
} else {
  const options: Options = {
    rounds: Number(values.rounds),
    count: Number(values.count ?? chosen.count),
    samples: Number(values.samples ?? chosen.samples),
    peers: (values.peers?.split(',') ?? Object.keys(chosen.peers)).filter((name) => name !== ''),
    finished: Number(values.finished),
    deaf: Number(values.deaf),
  };
  await race(chosen, options);
}
