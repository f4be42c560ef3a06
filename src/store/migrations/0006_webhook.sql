create table webhooks (
  id text primary key,
  project text not null references projects (id),
  url text not null,
  -- JSON list of types; null: all.
  events text,
  subject text,
  shape text not null check (shape in ('standard', 'slack', 'discord', 'ntfy')),
  -- What was removed stays until its deliveries are gone, which are taken away in portions.
  state text not null check (state in ('active', 'paused', 'removed')),
  reason text,
  creator text not null,
  creator_role text not null,
  secret text not null,
  old_secret text,
  old_secret_until_ms bigint,
  cursor_seq bigint not null,
  dead_in_row bigint not null,
  created_at_ms bigint not null
);
create index webhooks_of_project on webhooks (project, id);

create table webhook_deliveries (
  id text primary key,
  project text not null references projects (id),
  webhook_id text not null references webhooks (id),
  seq bigint not null,
  -- The event as it was, in JSON.
  event text not null,
  type text not null,
  subject text not null,
  state text not null check (state in ('pending', 'delivered', 'dead')),
  attempts bigint not null,
  status bigint,
  reason text,
  -- A hub is sending it, until then.
  lease_until_ms bigint,
  created_at_ms bigint not null,
  ended_at_ms bigint,
  next_check_ms bigint,
  version bigint not null,
  unique (webhook_id, seq),
  check ((state = 'pending') = (next_check_ms is not null)),
  check ((state = 'pending') = (ended_at_ms is null))
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_check_ms, seq)
  where state = 'pending';
create index webhook_deliveries_listed on webhook_deliveries (project, id);
create index webhook_deliveries_of on webhook_deliveries (webhook_id, state, id);
create index webhook_deliveries_ended on webhook_deliveries (state, ended_at_ms)
  where ended_at_ms is not null;
