// A throw-away PostgreSQL for trying things out: prints its URL, and is gone with Ctrl-C.
// ./script/postgres [system|apt|npm]…   (where its programs come from; all, in this order)
import { startPostgres } from '../test/support/postgres.ts';

const ways = process.argv.slice(2);
const server = await startPostgres(ways.length === 0 ? undefined : ways);
if ('unavailable' in server) {
  console.error(server.unavailable);
  process.exit(1);
}
console.error(`running ${server.binaries}/postgres; Ctrl-C ends it`);
console.log(server.url);
const wait = setInterval(() => {}, 1 << 30);
const end = async () => {
  clearInterval(wait);
  await server.stop();
};
process.once('SIGINT', () => void end());
process.once('SIGTERM', () => void end());
