/**
 * The tasks of a smoke run, and the command that does them: each writes a file of its own, so all
 * of them can be done at once, and costs nothing but a moment.
 */
export interface SmokeTask {
  title: string;
  body: string;
  check: string;
  /** What stands on the main branch once it has landed. */
  proof: { path: string; holds: string };
}

const FOLDER = 'signalbox-smoke';

/** What the agents of one run can do, and nobody else: its tasks go to no agent of the user. */
export function smokeCapability(run: string): string {
  return `smoke:${run}`;
}

export function smokeTasks(run: string, count: number): SmokeTask[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(String(count).length, '0');
    const path = `${FOLDER}/${number}.txt`;
    const holds = `${run} ${number}`;
    return {
      title: `Smoke ${run}, task ${number}`,
      body: `${path} ${holds}`,
      check: `grep -qx '${holds}' ${path}`,
      proof: { path, holds },
    };
  });
}

/**
 * What the agents run. A task of somebody else, which can only be one without a repository, is
 * none of theirs: they end their sidecar, which gives it back and costs it no try.
 */
export const SMOKE_SCRIPT = `#!/bin/sh
set -eu
case $SIGNALBOX_TASK_TITLE in
  "Smoke $1, task "*) ;;
  *) kill -TERM $PPID && sleep 60 ;;
esac
path=\${SIGNALBOX_TASK_BODY%% *}
mkdir -p "$(dirname -- "$path")"
printf '%s\\n' "\${SIGNALBOX_TASK_BODY#* }" >"$path"
sleep 0.2
`;
