-- The line of what may be handed out, as one index: by level, which is the lane and one higher for
-- each step of waiting; in a level by turns between submitters. A task without a turn is not in
-- line yet, and gets its place when it is next looked at.
alter table tasks add column level bigint not null default 0;
alter table tasks add column turn bigint;
drop index tasks_in_line;
drop index tasks_with_paths;
create index tasks_in_line on tasks (project, level, turn, rank_ms, id, available_at_ms)
  where state = 'queued';
create index tasks_with_paths on tasks (project, level, turn, rank_ms, id)
  where state = 'queued' and paths <> '[]';
update tasks set next_check_ms = created_at_ms
  where state = 'queued' and ended_at_ms is null and available_at_ms < next_check_ms;

-- Where the last turn of each submitter in a level ended; that of nobody ('') is the place up to
-- which turns were given.
create table turns (
  project text not null references projects (id),
  level bigint not null,
  submitter_key text not null,
  pass bigint not null,
  primary key (project, level, submitter_key)
);
delete from shares where submitter_key = '' or weight = 1;
alter table shares drop column pass;
