-- The newest place in a mailbox is taken under this row, so that places appear in order. It counts
-- what has not ended, so that no quota has to.
create table mailboxes (
  project text not null references projects (id),
  key text not null,
  last_seq bigint not null,
  open_count bigint not null check (open_count >= 0),
  primary key (project, key)
);

create table channels (
  project text not null references projects (id),
  key text not null,
  last_seq bigint not null,
  created_at_ms bigint not null,
  last_posted_at_ms bigint,
  primary key (project, key)
);

create table members (
  project text not null,
  channel text not null,
  agent_key text not null,
  agent text not null,
  cursor_seq bigint not null,
  joined_at_ms bigint not null,
  primary key (project, channel, agent_key)
);

create table teams (
  project text not null references projects (id),
  key text not null,
  name text not null,
  mode text not null check (mode in ('one', 'all')),
  members text not null,
  primary key (project, key)
);

create table routes (
  id text primary key,
  project text not null references projects (id),
  type text not null,
  from_key text,
  from_name text,
  recipient text not null,
  created_at_ms bigint not null
);
create index routes_of_project on routes (project, id);

-- What was sent, once for all recipients. `signature` is the place of what a sender signed.
create table messages (
  id text primary key,
  project text not null references projects (id),
  sender text not null,
  sender_key text not null,
  recipient text not null,
  type text not null,
  body text not null,
  data text,
  thread text,
  reply_to text,
  priority text not null,
  is_signal bigint not null check (is_signal in (0, 1)),
  channel text,
  channel_seq bigint,
  signature text,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  check ((channel is null) = (channel_seq is null))
);
create unique index messages_of_channel on messages (project, channel, channel_seq)
  where channel is not null;
create index messages_of_thread on messages (project, thread, id) where thread is not null;

-- One recipient's copy: how far it has climbed, and in whose hands it is.
create table deliveries (
  project text not null references projects (id),
  recipient_key text not null,
  seq bigint not null,
  message_id text not null references messages (id),
  recipient text not null,
  sender_key text not null,
  type text not null,
  is_signal bigint not null,
  state text not null,
  stored_at_ms bigint not null,
  offered_at_ms bigint,
  seen_at_ms bigint,
  acked_at_ms bigint,
  answered_at_ms bigint,
  hand_outs bigint not null,
  failures bigint not null,
  available_at_ms bigint not null,
  lease_until_ms bigint,
  expires_at_ms bigint,
  reason text,
  next_check_ms bigint,
  version bigint not null,
  primary key (project, recipient_key, seq),
  -- Each state once, with what must hold in it; not with "in", see the table of tasks.
  check (
    (state = 'pending' and next_check_ms is not null and lease_until_ms is null)
    or (state = 'leased' and next_check_ms is not null and lease_until_ms is not null)
    or (next_check_ms is null and lease_until_ms is null and
      (state = 'acked' or state = 'expired' or state = 'dead'))
  )
);
create unique index deliveries_of_message on deliveries (message_id, recipient_key);
-- A mailbox is read along this one: what has ended, however much, is never passed over again.
create index deliveries_open on deliveries (project, recipient_key, seq)
  where next_check_ms is not null;
create index deliveries_by_type on deliveries (project, recipient_key, type, seq)
  where next_check_ms is not null;
create index deliveries_due on deliveries (next_check_ms) where next_check_ms is not null;
create index deliveries_dead on deliveries (project, message_id) where state = 'dead';
