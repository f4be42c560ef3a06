import fc from 'fast-check';
import { expect, test } from 'vitest';
import { workOperations } from '../contract/index.ts';
import { newTask } from './fixture.ts';
import { endings, stages } from './lifecycle.ts';
import { newRecord, type AttemptRecord } from './record.ts';
import { Report, reportOf } from './report.ts';

const commit = 'a'.repeat(40);
const task = newTask({ repository: { id: 'rep_1', url: '/srv/app.git', baseBranch: null } });
const base: AttemptRecord = newRecord({ task, lastFailure: null });
const unit = fc.constantFrom('\0', 'a', ' ', '\n', '€', '😀');
const text = (maxLength: number) => fc.string({ unit, maxLength, size: 'max' });

const records = fc.record({
  stage: fc.constantFrom(...stages),
  ending: fc.constantFrom(...endings),
  reason: text(10_000),
  log: fc.nat(64_000).map((count) => '€'.repeat(count)),
  work: fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.constant({ kind: 'change' as const, base: commit, head: commit }),
    fc.record({
      kind: fc.constant('broken' as const),
      reason: text(5_000),
      head: fc.constantFrom(null, commit),
    }),
    fc.record({ kind: fc.constant('unsaved' as const), reason: text(5_000) }),
  ),
});

test('whatever happened, the report is one that the contract takes', () => {
  fc.assert(
    fc.property(records, fc.boolean(), (fields, hasRepository) => {
      const repository = hasRepository ? base.task.repository : null;
      const report = reportOf({ ...base, ...fields, task: { ...base.task, repository } });
      if (report === null) {
        expect(['cancelled', 'fenced']).toContain(fields.ending);
        return;
      }
      expect(Report.parse(report)).toEqual(report);
      expect(workOperations[report.operation].input.parse(report.input)).toEqual(report.input);
      expect(report.key).toBe(`${task.id}.${task.fence}.report`);
    }),
  );
});

test('an attempt that has not ended has no report', () => {
  expect(reportOf(base)).toBeNull();
});

test('the reason of a failure ends with what was printed last', () => {
  const record = {
    ...base,
    ending: 'failed' as const,
    reason: 'It failed.',
    log: 'x\nlast words\n',
  };
  expect(reportOf({ ...record, stage: 'pushed' })).toMatchObject({
    operation: 'task.fail',
    input: { reason: 'It failed.\n\nx\nlast words', outcome: 'failed', log: 'x\nlast words\n' },
  });
});
