import { install } from './install.mjs';
import { CommandFailed } from './lib/process.mjs';

const USAGE = `node tooling/run.mjs <command>

  demo                        the quickstart, then a server with a dashboard; with its options
    --check                   the server looks at itself and ends, as it does where nobody watches
  test                        every gate and every test
    --only lint,types         these steps only
    --skip node24,packages    all but these
    --list                    names the steps
  soak [file filter]          long tests at full size; CHANCERY_SEED replays a run
  bench [filter]              measures against peers
  docs                        the API reference as pages, in .cache/reference
  conformance --limbo FILE --pkits FILE --wycheproof FILE   judged by public suites
`;

/** Each command loads only once what it imports is installed. */
const COMMANDS = {
  demo: async (args) => (await import('./commands/demo.mjs')).demo(args),
  test: async (args) => (await import('./commands/test.mjs')).test(args),
  soak: async (args) => (await import('./commands/soak.mjs')).soak(args),
  bench: async (args) => (await import('./commands/bench.mjs')).bench(args),
  docs: async () => (await import('./commands/docs.mjs')).docs(),
  conformance: async (args) => (await import('./commands/conformance.mjs')).conformance(args),
};

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(USAGE);
    return 2;
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node ${process.versions.node} is too old: Chancery needs 20.19 or newer`);
    return 2;
  }
  const started = performance.now();
  const outcome = await install();
  if (outcome !== 'up to date') console.log(`${outcome} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return command(args);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof CommandFailed) console.error(`${error.output.trimEnd()}\n${error.message}`);
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
