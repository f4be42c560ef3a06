create table invites (
  id text primary key,
  project text not null references projects (id),
  hash text not null unique,
  -- Whose tokens it makes; null: of a name that the machine chooses.
  agent text,
  role text not null,
  slots bigint not null,
  state text not null check (state in ('open', 'redeemed', 'revoked')),
  creator text not null,
  created_at_ms bigint not null,
  -- An open one is good until then, whatever its state says later.
  expires_at_ms bigint not null,
  ended_at_ms bigint,
  -- JSON list of the agents whose tokens it has made.
  names text not null,
  check ((state = 'open') = (ended_at_ms is null))
);
create index invites_of_project on invites (project, id);
create index invites_expired on invites (expires_at_ms);
