/** The property list of launchd, as launchd.plist(5) and the XML of property lists have it. */
import { refuseControl, type Service } from './daemon.ts';

export const PLIST_MARK = '<!-- Written by `signalbox agent install` -->';
const PREFIX = 'signalbox.agent.';
const SUFFIX = '.plist';

export function labelOf(name: string): string {
  return `${PREFIX}${name}`;
}

export function plistName(name: string): string {
  return `${labelOf(name)}${SUFFIX}`;
}

/** The agent of a property list; undefined where it is of something else. */
export function agentOfPlist(file: string): string | undefined {
  const isOurs = file.startsWith(PREFIX) && file.endsWith(SUFFIX);
  return isOurs ? file.slice(PREFIX.length, -SUFFIX.length) : undefined;
}

/** What it prints goes nowhere, because launchd bounds no file: its own log is kept with --log. */
export function plistText({ name, command, folder, environment }: Service): string {
  const variables = Object.entries(environment).flatMap(([variable, value]) => [
    `<key>${xml(variable, variable)}</key>`,
    string(variable, value),
  ]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
      '"http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    PLIST_MARK,
    '<plist version="1.0"><dict>',
    ...entry('Label', string('the name', labelOf(name))),
    ...entry('ProgramArguments', ...array(command)),
    ...entry('WorkingDirectory', string('the folder', folder)),
    ...entry('EnvironmentVariables', '<dict>', ...variables, '</dict>'),
    ...entry('RunAtLoad', '<true/>'),
    ...entry('KeepAlive', '<dict><key>SuccessfulExit</key><false/></dict>'),
    ...entry('ThrottleInterval', '<integer>10</integer>'),
    ...entry('ExitTimeOut', '<integer>120</integer>'),
    ...entry('StandardOutPath', string('', '/dev/null')),
    ...entry('StandardErrorPath', string('', '/dev/null')),
    '</dict></plist>',
    '',
  ].join('\n');
}

function entry(key: string, ...value: string[]): string[] {
  return [`<key>${key}</key>`, ...value];
}

function array(words: readonly string[]): string[] {
  return ['<array>', ...words.map((word) => string('the command', word)), '</array>'];
}

function string(what: string, text: string): string {
  return `<string>${xml(what, text)}</string>`;
}

function xml(what: string, text: string): string {
  return refuseControl(what, text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
