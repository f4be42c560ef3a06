import { expect, test } from 'vitest';
import { Stage } from '../../contract/index.ts';
import { decideStage, stageFolders, stagesAfter } from './lifecycle.ts';

const stages = [
  { name: 'pulse' },
  { name: 'build', next: ['review', 'pulse'] },
  { name: 'review', next: ['build', 'done'] },
  { name: 'done' },
].map((stage) => Stage.parse(stage));

/** From, to, and where that leads; `-` is a refusal. */
const table: [from: string | null, to: string | undefined, result: string][] = [
  [null, undefined, 'pulse'],
  [null, 'pulse', 'pulse'],
  [null, 'build', '-'],
  ['pulse', undefined, 'build'],
  ['pulse', 'build', 'build'],
  ['pulse', 'review', '-'],
  ['pulse', 'pulse', '-'],
  ['build', undefined, 'review'],
  ['build', 'pulse', 'pulse'],
  ['build', 'done', '-'],
  ['review', undefined, 'build'],
  ['review', 'done', 'done'],
  ['review', 'nowhere', '-'],
  ['done', undefined, '-'],
  ['done', 'pulse', '-'],
  ['gone', undefined, '-'],
];

test('a case goes where its stage leads, and nowhere else', () => {
  for (const [from, to, result] of table) {
    const verdict = decideStage(stages, { from, to });
    const found = verdict.is === 'move' ? verdict.to.name : '-';
    expect(found, `${from} to ${to}`).toBe(result);
    if (verdict.is === 'refuse') expect(verdict.allowed).toEqual(stagesAfter(stages, from));
  }
});

test('stages are numbered as the pipeline has them, others as they came', () => {
  const folders = stageFolders(['pulse', 'first'], ['notes', 'first', 'extra', 'notes']);
  expect([...folders.values()]).toEqual([
    'stage-1-pulse',
    'stage-2-first',
    'stage-3-notes',
    'stage-4-extra',
  ]);
});
