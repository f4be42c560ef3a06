create table memories (
  id text primary key,
  project text not null references projects (id),
  agent text not null,
  agent_key text not null,
  session text,
  layer text not null,
  type text not null,
  body text not null,
  tags text not null,
  paths text not null,
  repository_id text references repositories (id),
  -- Of agent, layer, type and text: what is said twice within the hour is found by it.
  digest text not null,
  created_at_ms bigint not null
);
create index memories_newest on memories (project, id);
create index memories_said on memories (project, digest, created_at_ms);
