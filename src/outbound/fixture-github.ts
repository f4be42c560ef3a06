/** For tests: a GitHub on this machine, with the shapes, pages and refusals of the real one. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { listening } from './fixture.ts';

export interface FakeIssue {
  number: number;
  title: string;
  body?: string | null;
  labels?: (string | { name: string | null })[];
  user?: { login: string } | null;
  state?: 'open' | 'closed';
  pull_request?: object;
}

export interface FakeGitHub {
  /** For GITHUB_API_URL; under a path, as that of an Enterprise server is. */
  url: string;
  /** Method, path and query of all that was asked, and with what authority. */
  asked: { line: string; authorization: string | undefined }[];
  issues: FakeIssue[];
  /** Answers the next requests in its own way; false leaves one to the fake. */
  refuse: (how: (response: ServerResponse, path: string) => boolean) => void;
}

const FULL_NAME = 'Octocat/Hello';
const BASE = '/api/v3';

/** What the real one says, with its headers. */
export const refusal =
  (status: number, message: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse): boolean => {
    const documentation = 'https://docs.github.com/rest';
    send(response, { status, body: { message, documentation_url: documentation }, headers });
    return true;
  };

export async function openGitHub(issues: FakeIssue[] = []): Promise<FakeGitHub> {
  let refuse: (response: ServerResponse, path: string) => boolean = () => false;
  const fake: FakeGitHub = { url: '', asked: [], issues, refuse: (how) => (refuse = how) };
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', fake.url);
    const { authorization } = request.headers;
    const path = decodeURIComponent(url.pathname.slice(BASE.length));
    fake.asked.push({ line: `${request.method} ${path}${url.search}`, authorization });
    if (refuse(response, path)) return;
    answer({ fake, url, path: path.toLowerCase() }, response);
  });
  fake.url = `http://127.0.0.1:${await listening(server)}${BASE}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return fake;
}

interface Request {
  fake: FakeGitHub;
  url: URL;
  path: string;
}

function answer({ fake, url, path }: Request, response: ServerResponse): void {
  const repository = `/repos/${FULL_NAME}`.toLowerCase();
  if (path === repository) {
    const clone = 'https://github.com/Octocat/Hello.git';
    send(response, { body: { id: 1, full_name: FULL_NAME, clone_url: clone, private: false } });
  } else if (path === `${repository}/issues`) {
    list({ fake, url, path }, response);
  } else {
    refusal(404, 'Not Found')(response);
  }
}

/** Pages are numbered, and the way to the next one stands in a header. */
function list({ fake, url }: Request, response: ServerResponse): void {
  const query = url.searchParams;
  const labels = (query.get('labels') ?? '').split(',').filter((label) => label !== '');
  const state = query.get('state') ?? 'open';
  const found = fake.issues.filter((issue) => {
    const own = (issue.labels ?? []).map((label) =>
      typeof label === 'string' ? label : label.name,
    );
    const isIn = state === 'all' || (issue.state ?? 'open') === state;
    return isIn && labels.every((label) => own.includes(label));
  });
  const size = Number(query.get('per_page') ?? 30);
  const page = Number(query.get('page') ?? 1);
  const headers: Record<string, string> = {};
  if (page * size < found.length) {
    const next = new URL(url);
    next.searchParams.set('page', String(page + 1));
    headers['link'] = `<${next.href}>; rel="next", <${url.href}>; rel="last"`;
  }
  send(response, { body: found.slice((page - 1) * size, page * size).map(wire), headers });
}

function wire(issue: FakeIssue): object {
  const html = `https://github.com/${FULL_NAME}/issues/${issue.number}`;
  const { body = null, labels = [], user = { login: 'octocat' }, state = 'open' } = issue;
  return { id: issue.number, html_url: html, comments: 0, ...issue, body, labels, user, state };
}

interface Sent {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

function send(response: ServerResponse, { status = 200, body, headers }: Sent): void {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  const left = { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '42' };
  response.writeHead(status, { ...type, ...left, ...headers }).end(JSON.stringify(body));
}
