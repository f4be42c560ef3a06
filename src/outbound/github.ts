/**
 * What is read from GitHub. Nothing is ever written there. What comes back is checked, because what
 * answers may be a proxy; what others wrote in it is data and stays as they wrote it.
 *
 * A network that fails and a server that stumbles are asked again a few times. A limit of requests
 * is told with the time at which it ends, and left to the caller.
 */
import { Octokit } from '@octokit/rest';
import { z } from 'zod';
import { SignalboxError } from '../contract/errors.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { boundedFetch } from './github-fetch.ts';
import { endless, githubRefusal, notGitHub } from './github-refusal.ts';

const HOME = 'https://api.github.com';
const TIMEOUT_MS = 30_000;
const TRIES = 4;
const AGAIN = { firstMs: 500, mostMs: 8_000 };
const PAGE = 100;
const PAGES_MAX = 1_000;

export interface GitHubOptions {
  clock: Clock;
  random: Random;
  signal: AbortSignal;
  /** Where its API is, for GitHub Enterprise: `https://github.example.org/api/v3`. */
  apiUrl?: string | undefined;
  token?: string | undefined;
  userAgent: string;
}

export interface RepositoryName {
  owner: string;
  repo: string;
}

export interface GitHubRepository {
  /** As GitHub writes it, whatever case was asked for and whatever it was called before. */
  fullName: string;
  cloneUrl: string;
}

export interface Issue {
  number: number;
  title: string;
  body: string;
  url: string;
  /** Undefined where the account is gone. */
  author: string | undefined;
  labels: string[];
  /** GitHub lists pull requests as issues too. */
  isPullRequest: boolean;
}

export interface IssueQuery extends RepositoryName {
  /** Only issues that have all of these. */
  labels: readonly string[];
  state: 'open' | 'closed' | 'all';
}

export interface GitHub {
  repository: (name: RepositoryName) => Promise<GitHubRepository>;
  /** The oldest first; pages are fetched as far as they are read. */
  issues: (query: IssueQuery) => AsyncIterable<Issue>;
}

const WireRepository = z.object({ full_name: z.string(), clone_url: z.string() });
const WireLabel = z.union([z.string(), z.object({ name: z.string().nullish() })]);
const WireIssue = z.object({
  number: z.int().min(1),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  user: z.object({ login: z.string() }).nullish(),
  labels: z.array(WireLabel).default([]),
  pull_request: z.unknown().optional(),
});

export function createGitHub(options: GitHubOptions): GitHub {
  const { apiUrl, token, userAgent, signal, clock } = options;
  const base = baseUrl(apiUrl, token);
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const octokit = new Octokit({
    baseUrl: base.replace(/\/+$/, ''),
    userAgent,
    log: silent,
    request: { fetch: patientFetch(new URL(base).origin, options) },
    ...(token === undefined ? {} : { auth: token }),
  });
  const told = (error: unknown, name: RepositoryName): unknown => {
    if (signal.aborted) return signal.reason;
    return githubRefusal(error, { ...name, hasToken: token !== undefined, nowMs: clock.nowMs() });
  };
  return {
    async repository(name) {
      try {
        const { data } = await octokit.rest.repos.get({ ...name });
        const { full_name: fullName, clone_url: cloneUrl } = known(WireRepository, data);
        return { fullName, cloneUrl };
      } catch (error) {
        throw told(error, name);
      }
    },
    async *issues({ owner, repo, labels, state }) {
      const query = { owner, repo, state, labels: labels.join(','), per_page: PAGE };
      const order = { sort: 'created', direction: 'asc' } as const;
      try {
        const pages = octokit.paginate.iterator(octokit.rest.issues.listForRepo, {
          ...query,
          ...order,
        });
        let pageCount = 0;
        for await (const { data } of pages) {
          if (++pageCount > PAGES_MAX) throw endless(PAGES_MAX);
          for (const issue of known(z.array(WireIssue), data).map(issueOf)) {
            if (labels.every((label) => hasLabel(issue, label))) yield issue;
          }
        }
      } catch (error) {
        throw told(error, { owner, repo });
      }
    },
  };
}

function issueOf(wire: z.infer<typeof WireIssue>): Issue {
  return {
    number: wire.number,
    title: wire.title,
    body: wire.body ?? '',
    url: wire.html_url,
    author: wire.user?.login,
    labels: wire.labels.flatMap((label) =>
      typeof label === 'string' ? [label] : (label.name ?? []),
    ),
    isPullRequest: wire.pull_request !== undefined && wire.pull_request !== null,
  };
}

/** The label is what gives an issue its weight: it is not left to the filter of whoever answers. */
function hasLabel({ labels }: Issue, wanted: string): boolean {
  return labels.some((label) => label.toLowerCase() === wanted.toLowerCase());
}

/** A token goes over a wire that nobody reads, or to this machine. */
function baseUrl(apiUrl = HOME, token?: string): string {
  const url = URL.parse(apiUrl);
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === null || !isWeb) throw unfit('is no URL', 'https://github.example.org/api/v3');
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'https:' || isHere || token === undefined) return apiUrl;
  throw unfit('would send the token unencrypted', `https://${url.host}${url.pathname}`);
}

function unfit(problem: string, example: string): SignalboxError {
  return new SignalboxError('invalid_input', `The address of GitHub's API ${problem}.`, {
    hint: `Set GITHUB_API_URL to one such as ${example}, or leave it out for github.com.`,
  });
}

function known<Shape extends z.ZodType>(shape: Shape, data: unknown): z.output<Shape> {
  const { data: value, error } = shape.safeParse(data);
  if (error === undefined) return value;
  throw notGitHub(error);
}

/** Each request has a time limit, and is tried again where that may help. */
function patientFetch(origin: string, options: GitHubOptions): typeof fetch {
  const { clock, random, signal } = options;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    for (let retry = 1; ; retry++) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const isLast = retry >= TRIES;
      try {
        const answer = await boundedFetch(url, { origin, init: { ...init, signal: limit } });
        if (answer.status < 500 || isLast) return answer;
      } catch (error) {
        if (isLast || signal.aborted || error instanceof SignalboxError) throw error;
      }
      await clock.sleep(backoffMs(AGAIN, retry, random.fraction()), signal);
    }
  };
}
