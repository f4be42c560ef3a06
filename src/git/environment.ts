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

/** For each, the reason is what a user's own configuration would do to us otherwise. */
const CONFIG: readonly (readonly [string, string])[] = [
  ['safe.directory', '*'],
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.untrackedCache', 'false'],
  ['core.splitIndex', 'false'],
  ['core.safecrlf', 'false'],
  ['core.fsync', 'committed,loose-object'],
  ['core.fsyncMethod', 'batch'],
  ['core.filesRefLockTimeout', '500'],
  ['core.packedRefsTimeout', '2000'],
  ['commit.gpgsign', 'false'],
  ['tag.gpgsign', 'false'],
  ['push.gpgSign', 'false'],
  ['push.followTags', 'false'],
  ['push.recurseSubmodules', 'no'],
  ['fetch.recurseSubmodules', 'no'],
  ['submodule.recurse', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['protocol.ext.allow', 'never'],
  ['protocol.file.allow', 'always'],
  ['i18n.commitEncoding', 'UTF-8'],
  ['i18n.logOutputEncoding', 'UTF-8'],
  ['color.ui', 'false'],
  ['log.showSignature', 'false'],
  ['advice.detachedHead', 'false'],
  ['advice.addEmbeddedRepo', 'false'],
  ['http.lowSpeedLimit', '1000'],
  ['http.lowSpeedTime', '60'],
];

/** Not asking and not hanging; only where the user has no ssh command of their own. */
export const QUIET_SSH = 'ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15';

/** An environment without anything that points git at a repository, also for commands of others. */
export function withoutGit(env: Env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const isDropped = name.startsWith('GIT_') && !KEPT.some((form) => form.test(name));
    if (value !== undefined && !isDropped) kept[name] = value;
  }
  return kept;
}

export function gitEnvironment(env: Env): Record<string, string> {
  const { SSH_ASKPASS: _asks, LANGUAGE: _language, HOME: home, ...rest } = withoutGit(env);
  const config: Record<string, string> = {};
  for (const [index, [key, value]] of CONFIG.entries()) {
    config[`GIT_CONFIG_KEY_${index}`] = key;
    config[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return {
    ...rest,
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
    GIT_CONFIG_COUNT: String(CONFIG.length),
    ...config,
  };
}
