/**
 * Who asks. A token is looked up by its hash and remembered until the log of events says that it
 * was revoked or rotated; so an end of a token counts everywhere within the feed's poll.
 */
import {
  AgentName,
  type Credential,
  guestScopes,
  inviteCode,
  nameKey,
  type Role,
  roleScopes,
  SignalboxError,
} from '../contract/index.ts';
import { findToken, hashSecret } from '../domain/agent/index.ts';
import type { Actor } from '../domain/event/index.ts';
import { findOpenInvite, unknownCode } from '../domain/invite/index.ts';
import type { Store } from '../store/db.ts';
import type { Guesses } from './guesses.ts';

export type Auth = 'token' | 'none';

interface Known {
  actor: Actor;
  expiresAtMs: number | null;
}

/** Secrets that were seen lately; more than that are looked up again. */
const KNOWN_MAX = 10_000;

export class Tokens {
  readonly #store: Pick<Store, 'read'>;
  readonly #auth: Auth;
  readonly #guesses: Guesses;
  readonly #known = new Map<string, Known>();
  readonly #trusted = new Map<string, Known>();
  /** How often a token has changed: what was read before the last time may be old. */
  #changes = 0;

  constructor(store: Pick<Store, 'read'>, auth: Auth, guesses: Guesses) {
    this.#store = store;
    this.#auth = auth;
    this.#guesses = guesses;
  }

  async identify(credential: Credential, nowMs: number): Promise<Actor> {
    const { token } = credential;
    if (token === undefined || token === '') return this.#believe(credential);
    const known =
      this.#known.get(token) ?? this.#trusted.get(hashSecret(token)) ?? (await this.#find(token));
    if (known === undefined) return this.#guest(credential, token, nowMs);
    if (known.expiresAtMs !== null && known.expiresAtMs <= nowMs) {
      throw refused('this token has expired');
    }
    refuseForeignName(known.actor, credential.agent);
    return known.actor;
  }

  /** A secret that was not made by the hub: of a part of this process, or a key given at start. */
  trust(name: string, role: Role, secret: string): Credential {
    const actor = actorOf({ name, role, project: 'default', tokenId: null });
    this.#trusted.set(hashSecret(secret), { actor, expiresAtMs: null });
    return { token: secret };
  }

  /** The token has changed: it is read again when it is next used. */
  forget(tokenId: string): void {
    this.#changes++;
    for (const [secret, { actor }] of this.#known) {
      if (actor.tokenId === tokenId) this.#known.delete(secret);
    }
  }

  /** Whoever brings the code of an invite. It is looked up each time: it is good for one call. */
  async #guest({ address }: Credential, token: string, nowMs: number): Promise<Actor> {
    const code = inviteCode(token);
    if (code === undefined) throw this.#unknown();
    const giveBack = await this.#guesses.take(address, nowMs);
    const invite = await findOpenInvite(this.#store.read, hashSecret(code), nowMs);
    if (invite === undefined) throw unknownCode();
    giveBack();
    const { id: name, project } = invite;
    const scopes = new Set(guestScopes);
    return { name, key: nameKey(name), role: 'guest', project, scopes, tokenId: null };
  }

  async #find(secret: string): Promise<Known | undefined> {
    const changes = this.#changes;
    const row = await findToken(this.#store.read, hashSecret(secret));
    if (this.#changes !== changes) return this.#find(secret);
    if (row === undefined || row.revoked_at_ms !== null) return undefined;
    const known: Known = {
      actor: actorOf({ name: row.agent, role: row.role, project: row.project, tokenId: row.id }),
      expiresAtMs: row.expires_at_ms,
    };
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(secret, known);
    return known;
  }

  #unknown(): SignalboxError {
    const message = 'this token is not known here, or it was revoked';
    if (this.#auth === 'token') return refused(message);
    const hint = 'This hub asks for no token: leave it out, or send one that is valid.';
    return new SignalboxError('unauthenticated', message, { hint });
  }

  /** Without a token nobody is believed, but under `--auth none` with the rights of an agent. */
  #believe(credential: Credential): Actor {
    if (this.#auth === 'token') throw refused('a token is missing');
    const name = AgentName.safeParse(credential.agent ?? 'anonymous');
    if (!name.success) {
      throw new SignalboxError('invalid_input', 'the name of the agent is not a name', {
        hint: 'Letters, digits, dot, dash and underscore; at most 64 of them.',
      });
    }
    const actor = actorOf({ name: name.data, role: 'agent', project: 'default', tokenId: null });
    return credential.agent === undefined ? { ...actor, isUnnamed: true } : actor;
  }
}

/** Who sent it is the token's word: a name that is given beside it can only be the same. */
function refuseForeignName({ name, key }: Actor, claimed: string | undefined): void {
  if (claimed === undefined || nameKey(claimed) === key) return;
  const shown = JSON.stringify(claimed.slice(0, 80));
  throw new SignalboxError('forbidden', `this token is of ${name}, not of ${shown}`, {
    hint: 'Use the token of the agent that you name; nobody speaks for another.',
  });
}

export interface Person {
  name: string;
  role: Role;
  project: string;
  tokenId: string | null;
}

export function actorOf(person: Person): Actor {
  return { ...person, key: nameKey(person.name), scopes: new Set(roleScopes[person.role]) };
}

function refused(message: string): SignalboxError {
  return new SignalboxError('unauthenticated', message);
}
