/** What was read, and was written by another since, is refused with a word when to try again. */
import { expect, test } from 'vitest';
import { writeChange } from '../../src/domain/change/move.ts';
import { type ChangeRow, findChange } from '../../src/domain/change/queries.ts';
import { writeLock } from '../../src/domain/lock/line.ts';
import { findLock, type LockRow } from '../../src/domain/lock/queries.ts';
import { writeTask } from '../../src/domain/task/facts.ts';
import { findTask, type TaskRow } from '../../src/domain/task/queries.ts';
import type { Tx } from '../../src/store/db.ts';
import { eachEngine } from '../support/engines.ts';
import { begin, handIn, openTestHub, refusal, REPOSITORY, worker } from '../support/hub.ts';

eachEngine((engine) => {
  test('a task, a lock or a change that has moved since is not written', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const items = [{ path: 'src/a.ts', repository: REPOSITORY }];
    const { lock } = await ada.client.lock.acquire({ holder: { session: 's' }, items });
    await ada.client.task.submit({ title: 'mend', repository: REPOSITORY });
    const held = await begin(ada);
    await ada.client.task.complete({ ...held, ...handIn(held) });
    const { changeId } = (await ada.client.task.show({ id: held.taskId })).task;

    const twice = async <Row extends { version: number }>(
      find: (tx: Tx) => Promise<Row | undefined>,
      write: (at: { tx: Tx }, row: Row) => Promise<void>,
    ) =>
      hub.store.transaction(async (tx) => {
        const row = await find(tx);
        if (row === undefined) throw new Error('it is not there');
        await write({ tx }, row);
        await write({ tx }, row);
      });
    const refusals = [
      await refusal(twice<TaskRow>((tx) => findTask(tx, 'default', held.taskId), writeTask)),
      await refusal(twice<LockRow>((tx) => findLock(tx, 'default', lock.id), writeLock)),
      await refusal(
        twice<ChangeRow>((tx) => findChange(tx, 'default', changeId ?? ''), writeChange),
      ),
    ];
    for (const { code, message, retryAfterMs } of refusals) {
      expect(code).toBe('conflict');
      expect(message).toMatch(/ has just moved$/);
      expect(retryAfterMs).toBe(50);
    }
  });
});
