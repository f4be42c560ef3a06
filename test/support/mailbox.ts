/** A mailbox as it is after many letters, without the time that sending them takes. */
import type { Store } from '../../src/store/db.ts';
import { sql } from '../../src/store/sql.ts';

export interface Fill {
  count: number;
  /** What the mailbox believes to hold; the count unless told. */
  openCount?: number;
  /** Each so many-th has another type, `RARE`. */
  rareEvery?: number;
  state?: 'pending' | 'acked';
}

const ID = sql`'msg_' || substr('' || (cast(1000000000000000 as bigint) + i), 2) || '000000'`;

/** As if pat had sent so many to ada after what lies there already. */
export async function fillMailbox(store: Store, fill: Fill): Promise<void> {
  const { count, openCount, rareEvery = count + 1, state = 'pending' } = fill;
  const opened = openCount ?? (state === 'pending' ? count : 0);
  const due = state === 'pending' ? 9_000_000_000_000 : null;
  const type = sql`case when i % cast(${rareEvery} as integer) = 0 then 'RARE' else 'NOTE' end`;
  await store.transaction(async (tx) => {
    const box = await tx.get<{ last_seq: number }>(sql`
      insert into mailboxes (project, key, last_seq, open_count) values ('default', 'ada', 0, 0)
      on conflict (project, key) do update set last_seq = mailboxes.last_seq returning last_seq`);
    const first = box?.last_seq ?? 0;
    await tx.run(sql`
      insert into messages (id, project, sender, sender_key, recipient, type, body, priority,
        is_signal, created_at_ms)
      with recursive n (i) as (
        select cast(${first} as integer) + 1 union all
        select i + 1 from n where i < cast(${first + count} as integer))
      select ${ID}, 'default', 'pat', 'pat', '{"agent":"ada"}',
        ${type}, 'hello',
        'normal', 0, 0
      from n`);
    await tx.run(sql`
      insert into deliveries (project, recipient_key, seq, message_id, recipient, sender_key,
        type, is_signal, state, stored_at_ms, hand_outs, failures, available_at_ms, next_check_ms,
        version)
      with recursive n (i) as (
        select cast(${first} as integer) + 1 union all
        select i + 1 from n where i < cast(${first + count} as integer))
      select 'default', 'ada', i, ${ID}, 'ada', 'pat',
        ${type},
        0, ${state}, 0, 0, 0, 0,
        cast(${due} as bigint), 1
      from n`);
    await tx.run(sql`
      update mailboxes set last_seq = last_seq + ${count}, open_count = open_count + ${opened}
      where project = 'default' and key = 'ada'`);
  });
  // PostgreSQL does so by itself after a while; SQLite never does.
  if (store.engine === 'postgres') await store.transaction((tx) => tx.run(sql`analyze`));
}
