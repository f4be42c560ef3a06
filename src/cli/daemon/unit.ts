/**
 * The unit file of systemd, by the rules of systemd.syntax(7), systemd.unit(5) and
 * systemd.service(5): `%` begins a specifier, `$` a variable of a command line, `\` an escape
 * within quotes. A working directory is taken as it stands, without quotes.
 */
import { SignalboxError } from '../../contract/errors.ts';
import { refuseControl, type Service } from './daemon.ts';

export const UNIT_MARK = '# Written by `signalbox agent install`';
const PREFIX = 'signalbox-agent-';
const SUFFIX = '.service';

export function unitName(name: string): string {
  return `${PREFIX}${name}${SUFFIX}`;
}

/** The agent of a unit; undefined where the unit is of something else. */
export function agentOfUnit(unit: string): string | undefined {
  const isOurs = unit.startsWith(PREFIX) && unit.endsWith(SUFFIX);
  return isOurs ? unit.slice(PREFIX.length, -SUFFIX.length) : undefined;
}

export function unitText(service: Service, isSystem: boolean): string {
  const { name, command, folder, environment } = service;
  const variables = Object.entries(environment).map(
    ([variable, value]) => `Environment=${quoted(variable, `${variable}=${value}`)}`,
  );
  return [
    `${UNIT_MARK}; \`signalbox agent uninstall ${name}\` takes it away.`,
    '[Unit]',
    `Description=Signalbox agent ${name}`,
    ...(isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    // It goes on trying: a hub may be away for longer than systemd has patience for.
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${commandLine(command)}`,
    `WorkingDirectory=${workingFolder(folder)}`,
    ...variables,
    'Restart=on-failure',
    'RestartSec=10',
    // The sidecar alone is asked to stop: it ends its commands itself, and pushes what they made.
    'KillMode=mixed',
    'TimeoutStopSec=120',
    '',
    '[Install]',
    `WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');
}

function commandLine([program = '', ...args]: readonly string[]): string {
  if (program.includes('$')) {
    throw new SignalboxError('invalid_input', `systemd runs no program with a $: ${program}`, {
      hint: 'Move Node.js to a folder without such a sign in its name.',
    });
  }
  return [program, ...args].map((word) => quoted('the command', word, '$')).join(' ');
}

/** `doubled`: a sign beside `%` that stands for itself only when it is written twice. */
function quoted(what: string, word: string, doubled = ''): string {
  const escaped = refuseControl(what, word)
    .replaceAll(/[\\"]/g, (sign) => `\\${sign}`)
    .replaceAll('%', '%%')
    .replaceAll(doubled === '' ? /$^/g : doubled, () => doubled + doubled);
  return `"${escaped}"`;
}

function workingFolder(folder: string): string {
  if (refuseControl('the folder', folder) !== folder.trim() || folder.endsWith('\\')) {
    throw new SignalboxError('invalid_input', `systemd cannot work in \`${folder}\`.`, {
      hint: 'Install from a folder whose name ends in neither a blank nor a backslash.',
    });
  }
  return folder.replaceAll('%', '%%');
}
