/**
 * `GET /docs`: a page to try the API with, made in the browser from `/openapi.json`. It asks no
 * other host, and its policy allows nothing but its own files. The token stays in its memory.
 */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const files = {
  '/docs': ['index.html', 'text/html; charset=utf-8'],
  '/docs/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/docs/script.js': ['script.js', 'text/javascript; charset=utf-8'],
} as const;

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function addDocs(app: FastifyInstance): void {
  for (const [path, [name, type]] of Object.entries(files)) {
    app.get(path, async (_request, reply) => {
      reply.headers({
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-cache',
      });
      return reply.type(type).send(await readFile(new URL(`docs/${name}`, import.meta.url)));
    });
  }
}
