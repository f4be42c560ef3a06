/** The page of the API in a real browser, under the policy that the hub sends with it. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeHome, type Home } from '../../src/cli/fixture.ts';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const browser = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);
const run = promisify(execFile);

let home: Home;
beforeEach(async () => void (home = await makeHome()));
afterEach(() => home.close());

/** What stands on the page when its script has run. */
async function pageAt(url: string): Promise<string> {
  const quiet = ['--headless=new', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=5000'];
  const args = [...quiet, `--user-data-dir=${home.root}/browser`, '--dump-dom', url];
  const { stdout } = await run(browser ?? '', args, { env: { ...process.env, HOME: home.root } });
  return stdout;
}

test.skipIf(browser === undefined)(
  'the page lists every operation and offers to try it',
  async () => {
    const hub = home.start(['start', '--json', '--port', '0', '--no-verifier']);
    await hub.until('\n');
    const { url }: { url: string } = JSON.parse(hub.stdout());
    const { paths }: { paths: Record<string, unknown> } = await (
      await fetch(`${url}/openapi.json`)
    ).json();
    const page = await pageAt(`${url}/docs#task.submit`);
    for (const path of Object.keys(paths)) {
      expect(page).toContain(`href="#${path.slice('/v1/'.length)}"`);
    }
    expect(page).toMatch(
      /<h2>task\.submit<\/h2>[^]*<textarea[^]*"title"[^]*>Send<[^]*curl -X POST/,
    );
  },
);
