/**
 * The environment every git of ours runs in: the same on every machine, whoever started us.
 *
 * A git hook, a wrapper or CI may have left GIT_DIR, GIT_INDEX_FILE and the like behind, which
 * would turn our commands on a foreign repository: all GIT_* go, but for those by which users say
 * how a remote is reached and where their configuration lies. The configuration below is given by
 * GIT_CONFIG_COUNT, which beats every file. git takes it away again when it starts the other side
 * of a local repository; peer.ts says what holds there.
 */

export type Env = Readonly<Record<string, string | undefined>>;

/** How users say the way to a remote; none of them names a repository or runs a hook. */
const KEPT = [
  /^GIT_SSH(_COMMAND|_VARIANT)?$/,
  /^GIT_(PROXY_)?SSL_/,
  /^GIT_(PROXY_COMMAND|HTTP_PROXY_AUTHMETHOD)$/,
  /^GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)$/,
];

/** Whose repository it is: a copy that we made, or a clone in which a user works. */
export type Ownership = 'ours' | 'users';

type Settings = readonly (readonly [string, string])[];

/** In any repository: so that git says and does the same wherever it runs. */
const EVERYWHERE: Settings = [
  ['core.filesRefLockTimeout', '500'],
  ['core.packedRefsTimeout', '2000'],
  ['push.followTags', 'false'],
  ['fetch.recurseSubmodules', 'no'],
  ['protocol.ext.allow', 'never'],
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
  ['color.ui', 'false'],
  ['log.showSignature', 'false'],
  ['advice.detachedHead', 'false'],
  ['advice.addEmbeddedRepo', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
];

/** For each, the reason is what a user's own configuration would do to us otherwise. */
const IN_OURS: Settings = [
  ['safe.directory', '*'],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  ['core.splitIndex', 'false'],
  ['core.safecrlf', 'false'],
  ['core.fsync', 'committed,loose-object'],
  ['core.fsyncMethod', 'batch'],
  ['commit.gpgsign', 'false'],
  ['tag.gpgsign', 'false'],
  ['push.gpgSign', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['submodule.recurse', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['protocol.file.allow', 'always'],
];

/**
 * In the clone of a user their own hooks, identity, signing and line ends hold, as if they had
 * typed the command themselves; git's own question whether the folder is theirs is asked, because
 * those hooks run. What is set here keeps git from touching more than it was told to: what is not
 * committed, other branches, and commits of submodules that nobody else could get.
 */
const IN_USERS: Settings = [
  ['rebase.autoStash', 'false'],
  ['merge.autoStash', 'false'],
  ['rebase.autoSquash', 'false'],
  ['rebase.updateRefs', 'false'],
  ['push.recurseSubmodules', 'check'],
];

const SETTINGS: Record<Ownership, Settings> = {
  ours: [...EVERYWHERE, ...IN_OURS],
  users: [...EVERYWHERE, ...IN_USERS],
};

/** Not asking and not hanging; only where the user has no ssh command of their own. */
export const QUIET_SSH = 'ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15';

/** Who a user says they are, for one shell. */
const PERSON = /^GIT_(AUTHOR|COMMITTER)_(NAME|EMAIL)$/;

/** An environment without anything that points git at a repository, also for commands of others. */
export function withoutGit(env: Env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const isDropped = name.startsWith('GIT_') && !KEPT.some((form) => form.test(name));
    if (value !== undefined && !isDropped) kept[name] = value;
  }
  return kept;
}

export function gitEnvironment(env: Env, ownership: Ownership = 'ours'): Record<string, string> {
  const { SSH_ASKPASS: _asks, LANGUAGE: _language, HOME: home, ...rest } = withoutGit(env);
  const settings = SETTINGS[ownership];
  const config: Record<string, string> = {};
  for (const [index, [key, value]] of settings.entries()) {
    config[`GIT_CONFIG_KEY_${index}`] = key;
    config[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return {
    ...rest,
    ...(ownership === 'users' ? personIn(env) : {}),
    // Without any HOME git dies on a `~` in the system's configuration.
    HOME: home === undefined || home === '' ? '/nonexistent' : home,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // Empty is not unset: it also switches off core.askPass. Credential helpers still answer.
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_PAGER: 'cat',
    GIT_EDITOR: ':',
    GIT_SEQUENCE_EDITOR: ':',
    // A replaced object could make one tree look like another.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_CONFIG_COUNT: String(settings.length),
    ...config,
  };
}

function personIn(env: Env): Record<string, string> {
  const person: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && PERSON.test(name)) person[name] = value;
  }
  return person;
}
