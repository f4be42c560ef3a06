-- Who paused an agent: what another said is not the agent's own to lift.
alter table agents add column paused_by text;
update agents set paused_by = name where paused_until_ms is not null;
