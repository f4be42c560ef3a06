-- What a pipeline declares: JSON, a list of stages in order.
create table pipelines (
  project text not null references projects (id),
  name text not null,
  stages text not null,
  updated_by text not null,
  updated_at_ms bigint not null,
  primary key (project, name)
);

create table cases (
  project text not null references projects (id),
  id text not null,
  version bigint not null check (version > 0),
  state text not null,
  pipeline text,
  stage text,
  created_at_ms bigint not null,
  updated_at_ms bigint not null,
  updated_by text not null,
  primary key (project, id),
  foreign key (project, pipeline) references pipelines (project, name)
);
create index cases_of_pipeline on cases (project, pipeline, stage, id) where pipeline is not null;

-- Each write of a case. The state of the newest ones is kept.
create table case_versions (
  project text not null,
  case_id text not null,
  version bigint not null,
  action text not null,
  actor text not null,
  at_ms bigint not null,
  stage text,
  based_on bigint,
  state text,
  primary key (project, case_id, version),
  foreign key (project, case_id) references cases (project, id)
);

-- One row for each content that something names. The place is empty where it is a file.
create table blobs (
  sha256 text primary key,
  bytes bigint not null,
  place text not null,
  kept_at_ms bigint not null
);
create index blobs_of_place on blobs (place) where place <> '';

-- To SQLite bytea is a name like any other: bytes stay bytes.
create table blob_chunks (
  place text not null,
  number bigint not null,
  data bytea not null,
  written_at_ms bigint not null,
  primary key (place, number)
);

create table artifacts (
  id text primary key,
  project text not null,
  case_id text not null,
  stage text not null,
  name text not null,
  version bigint not null,
  -- 1 where no later version of the same name follows.
  is_latest bigint not null check (is_latest in (0, 1)),
  media_type text not null,
  bytes bigint not null,
  sha256 text not null references blobs (sha256),
  uploaded_by text not null,
  created_at_ms bigint not null,
  unique (project, case_id, stage, name, version),
  foreign key (project, case_id) references cases (project, id)
);
create index artifacts_of_case on artifacts (project, case_id, id);
create index artifacts_of_blob on artifacts (sha256);
