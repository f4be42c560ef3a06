/** Looks for what is wrong on this machine and with its hub, and says what to do. */
import { resolve } from 'node:path';
import { entryStatus, hooksStatus } from '../../hooks/index.ts';
import type { Context } from '../context.ts';
import type { Finding } from '../examine/finding.ts';
import { examineFolder } from '../examine/folder.ts';
import { judgeHooks } from '../examine/hooks.ts';
import { examineHub } from '../examine/hub.ts';
import { examineClock, examineGit, examineNode } from '../examine/programs.ts';
import { harmless } from '../terminal/harmless.ts';
import type { Colour, Output } from '../terminal/output.ts';
import { dataFolder } from '../place/places.ts';
import { padded } from '../terminal/width.ts';
import { counted } from '../words/time.ts';
import { wantedOf } from './hooks.ts';

const LOOKS: Record<Finding['state'], { glyph: string; colour: Colour }> = {
  ok: { glyph: '✓', colour: 'green' },
  warn: { glyph: '!', colour: 'yellow' },
  fail: { glyph: '✗', colour: 'red' },
};

export async function doctor(context: Context): Promise<number> {
  const { output, env, clock } = context;
  const findings = [
    examineNode(process.versions.node),
    await examineGit(env),
    examineClock(clock.nowMs()),
    ...(await examineFolder(await folderOf(context))),
    ...(await examineHub(context)),
    await examineHooks(context),
  ];
  const failures = findings.filter(({ state }) => state === 'fail').length;
  const warnings = findings.filter(({ state }) => state === 'warn').length;
  output.give({ findings }, () => [
    ...findings.flatMap((finding) => lines(output, finding)),
    '',
    failures + warnings === 0
      ? 'All is well.'
      : `${counted(failures, 'failure')}, ${counted(warnings, 'warning')}.`,
  ]);
  return failures === 0 ? 0 : 1;
}

async function examineHooks(context: Context): Promise<Finding> {
  const wanted = wantedOf(context);
  return judgeHooks(await hooksStatus(wanted), await entryStatus(wanted));
}

/** The folder that was named, that of the hub which runs here, or that of the next one. */
async function folderOf({ options, cwd, env, place }: Context): Promise<string> {
  const named = options.text('data');
  if (named !== undefined) return resolve(cwd, named);
  const there = await place().catch(() => undefined);
  return there?.dataDir ?? dataFolder(env);
}

function lines(output: Output, { name, state, message, hint }: Finding): string[] {
  const { glyph, colour } = LOOKS[state];
  const mark = output.paint(colour, padded(output.isTty ? `${glyph} ${state}` : state, 6));
  const first = `${mark}  ${padded(name, 12)}  ${harmless(message)}`;
  return hint === null ? [first] : [first, `${' '.repeat(22)}${harmless(hint)}`];
}
