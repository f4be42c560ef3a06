/**
 * Which way imports run. A room is a folder of src/ that behaves as if it were a package; its name
 * is the path it starts with. Tests and fixtures may look into any room.
 */
import { find, isInside, isProduct, type Rule } from './rule.ts';
import type { SourceFile } from './source.ts';

const VOCABULARY = ['src/contract/', 'src/core/'];
const CLIENTS = ['src/client/', ...VOCABULARY];
const HOUSE = ['src/domain/', 'src/store/', 'src/outbound/', ...VOCABULARY];

const ROOMS: Record<string, string[]> = {
  'src/contract/': ['src/core/git-names.ts', 'src/core/json.ts'],
  'src/core/': [],
  'src/store/': ['src/core/'],
  'src/process/': ['src/core/'],
  'src/git/': ['src/core/', 'src/process/'],
  // Names a repository as its locks do.
  'src/clone/': ['src/git/', 'src/hooks/entry/repository.ts', ...VOCABULARY],
  'src/outbound/': VOCABULARY,
  'src/hub/': HOUSE,
  'src/tools/': VOCABULARY,
  'src/mcp/': ['src/tools/', ...VOCABULARY],
  'src/doors/': ['src/tools/', 'src/mcp/', ...VOCABULARY],
  'src/client/': [
    'src/contract/',
    'src/tools/',
    'src/core/backoff.ts',
    'src/core/clock.ts',
    'src/core/json.ts',
  ],
  'src/sidecar/': ['src/git/', 'src/process/', ...CLIENTS],
  'src/verifier/': ['src/git/', 'src/process/', ...CLIENTS],
  'src/bridge/': CLIENTS,
  // What a hook runs is copied to the user's data folder and stands there alone.
  'src/hooks/entry/': [],
  'src/hooks/': CLIENTS,
  'src/cli/': [
    'src/git/',
    'src/clone/',
    'src/sidecar/',
    'src/verifier/',
    'src/bridge/',
    'src/hooks/',
    'src/tools/',
    'src/mcp/',
    // The importer of issues; the guard and the sender are the hub's.
    'src/outbound/github.ts',
    ...CLIENTS,
  ],
};

/** The commands that run a hub in their own process. */
const HUB_COMMANDS = ['start', 'mcp', 'doctor', 'backup', 'demo', 'smoke'].map(
  (name) => `src/cli/commands/${name}.ts`,
);
const OF_HUB_COMMANDS = ['src/hub/', 'src/doors/', 'src/store/'];

const BELOW_TASK = ['event', 'agent', 'budget', 'repository', 'message', 'lock', 'memory'];
const BELOW_CHANGE = [...BELOW_TASK, 'case', 'task'];

/** What each domain may ask, through the index of the other. */
const DOMAINS: Record<string, string[]> = {
  event: [],
  agent: ['event'],
  budget: ['event', 'agent'],
  repository: ['event', 'agent'],
  channel: ['event', 'agent'],
  message: ['event', 'agent', 'repository', 'channel'],
  lock: ['event', 'agent', 'repository'],
  memory: ['event', 'agent', 'repository'],
  case: ['event', 'agent', 'repository', 'message', 'lock', 'memory'],
  task: BELOW_TASK,
  schedule: ['event', 'agent', 'task'],
  change: BELOW_CHANGE,
  webhook: ['event', 'agent'],
  invite: ['event', 'agent'],
  admin: [...BELOW_CHANGE, 'change', 'schedule', 'webhook'],
};
const STORE_PORTS = ['db', 'sql', 'dialect', 'blobs'].map((name) => `src/store/${name}.ts`);

/** Each part has one place, so that it can be replaced there. */
const PARTS: Record<string, string[]> = {
  '@agentclientprotocol/sdk': ['src/sidecar/adapters/'],
  commander: ['src/cli/'],
  croner: ['src/domain/schedule/'],
  '@octokit/rest': ['src/outbound/'],
  execa: ['src/git/', 'src/sidecar/adapters/', 'src/verifier/'],
  fastify: ['src/doors/'],
  '@fastify/multipart': ['src/doors/'],
  '@modelcontextprotocol/server': ['src/mcp/'],
  '@modelcontextprotocol/server/stdio': ['src/mcp/'],
  picomatch: ['src/domain/change/'],
  pg: ['src/store/'],
  pino: ['src/hub/', 'src/doors/', 'src/cli/'],
  ws: ['src/doors/'],
  yaml: ['src/domain/change/', 'src/clone/', 'src/bridge/', 'src/cli/'],
  zod: ['src/'],
  'node:sqlite': ['src/store/'],
  'node:process': ['src/cli/'],
};

function allowedTo(path: string): string[] {
  const domain = /^src\/domain\/([^/]+)\//.exec(path)?.[1];
  if (domain !== undefined) {
    const asked = (DOMAINS[domain] ?? []).map((name) => `src/domain/${name}/index.ts`);
    const events = domain === 'event' ? ['src/store/events.ts'] : [];
    return [`src/domain/${domain}/`, ...VOCABULARY, ...STORE_PORTS, ...events, ...asked];
  }
  const room = Object.keys(ROOMS).find((name) => path.startsWith(name)) ?? '';
  const more = HUB_COMMANDS.includes(path) ? OF_HUB_COMMANDS : [];
  return [room, ...(ROOMS[room] ?? []), ...more];
}

/** Everything that a file brings along, itself included. */
function reachable(start: SourceFile, files: ReadonlyMap<string, SourceFile>): Set<SourceFile> {
  const seen = new Set([start]);
  for (const file of seen) {
    for (const { what } of file.imports) {
      const next = files.get(what);
      if (next !== undefined) seen.add(next);
    }
  }
  return seen;
}

export const borders: Rule[] = [
  {
    says: 'imports run one way between the rooms',
    because: 'a room can be understood, tested and replaced only with what it may know',
    breaches: (files) =>
      find(files, 'imports', ({ what }, path) => {
        if (!isProduct(path) || !what.startsWith('src/')) return false;
        return !isInside(what, allowedTo(path));
      }),
    broken: {
      'src/contract/a.ts': `import { b } from '../core/b.ts';`,
      'src/store/a.ts': `import type { B } from '../contract/index.ts';`,
      'src/git/a.ts': `export { b } from '../client/b.ts';`,
      'src/doors/a.ts': `import { b } from '../domain/task/index.ts';`,
      'src/client/a.ts': `import { b } from '../core/ids.ts';`,
      'src/sidecar/a.ts': `const b = await import('../hub/hub.ts');`,
      'src/verifier/a.ts': `type B = import('../store/db.ts').Db;`,
      'src/cli/commands/status.ts': `import { b } from '../../store/open.ts';`,
      'src/hub/a.ts': `import { b } from '../doors/http.ts';`,
      'src/hooks/entry/a.ts': `import { b } from '../../core/ids.ts';`,
      'src/domain/task/a.ts': `import { b } from '../change/index.ts';`,
      'src/domain/task/b.ts': `import { b } from '../agent/queries.ts';`,
      'src/domain/task/c.ts': `import { b } from '../../store/sqlite.ts';`,
      'src/domain/event/a.ts': `import { b } from '../agent/index.ts';`,
      'src/elsewhere/a.ts': `import { b } from '../core/b.ts';`,
    },
    sound: {
      'src/store/a.ts': `import { b } from '../core/b.ts'; import { c } from './c.ts';`,
      'src/domain/change/a.ts': `import { b } from '../task/index.ts';`,
      'src/domain/task/a.ts': `import { b } from '../../store/sql.ts'; import './queries.ts';`,
      'src/cli/commands/start.ts': `import { b } from '../../hub/hub.ts';`,
      'src/doors/a.test.ts': `import { b } from '../hub/hub.ts';`,
    },
  },
  {
    says: 'what a browser runs reaches nothing of Node',
    because: 'the client and the contract are published for browsers too',
    breaches: (files) => {
      const byPath = new Map(files.map((file) => [file.path, file]));
      const starts = files.filter(
        ({ path }) => isProduct(path) && isInside(path, ['src/client/', 'src/contract/']),
      );
      return starts.flatMap((start) =>
        [...reachable(start, byPath)].flatMap((file) =>
          find([file], 'imports', ({ what }) => what.startsWith('node:'))
            .concat(find([file], 'words', ({ what }) => what === 'Buffer' || what === 'process'))
            .map((breach) => ({
              ...breach,
              path: start.path,
              what: `${breach.what} in ${file.path}`,
            })),
        ),
      );
    },
    broken: {
      'src/client/a.ts': `import { join } from 'node:path';`,
      'src/client/b.ts': `import { c } from './deep.ts';`,
      'src/client/deep.ts': `import { d } from '../core/deeper.ts';`,
      'src/contract/a.ts': `export const size = Buffer.byteLength('text');`,
    },
    sound: {
      'src/core/deeper.ts': `import { randomBytes } from 'node:crypto';`,
      'src/client/c.ts': `import { z } from 'zod';`,
    },
  },
  {
    says: 'every part that is not ours has its one place',
    because: 'a driver that is imported everywhere can be replaced nowhere',
    breaches: (files) =>
      find(files, 'imports', ({ what }, path) => {
        if (!isProduct(path) || what.startsWith('src/')) return false;
        const places = PARTS[what] ?? (what.startsWith('node:') ? ['src/'] : []);
        const isAlone = path.startsWith('src/hooks/entry/') && !what.startsWith('node:');
        return isAlone || !isInside(path, places);
      }),
    broken: {
      'src/hub/a.ts': `import { DatabaseSync } from 'node:sqlite';`,
      'src/domain/task/a.ts': `import { Pool } from 'pg';`,
      'src/hub/b.ts': `const { fastify } = await import('fastify');`,
      'src/cli/a.ts': `import { execa } from 'execa';`,
      'src/core/a.ts': `import lodash from 'lodash';`,
      'src/hooks/entry/a.ts': `import { z } from 'zod';`,
    },
    sound: {
      'src/store/a.ts': `import { DatabaseSync } from 'node:sqlite'; import { Pool } from 'pg';`,
      'src/contract/a.ts': `import { z } from 'zod';`,
    },
  },
];
