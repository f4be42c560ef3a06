-- `folded` is what words are looked for in: text, type and tags, in lower case by the hub's own
-- rule, so that both engines find the same. `digest` is equal for what counts as the same thing.
create table memories (
  id text primary key,
  project text not null references projects (id),
  agent text not null,
  agent_key text not null,
  layer text not null,
  type text not null,
  body text not null,
  folded text not null,
  chars bigint not null,
  tags text not null,
  paths text not null,
  repository_id text references repositories (id),
  session text,
  digest text not null,
  created_at_ms bigint not null,
  check (layer = 'episodic' or layer = 'procedural' or (layer = 'working' and session is not null))
);
create index memories_newest on memories (project, id);
create index memories_of_agent on memories (project, agent_key, id);
create index memories_of_layer on memories (project, layer, id);
create index memories_of_session on memories (project, session, id) where session is not null;
create index memories_alike on memories (project, agent_key, digest, id);
