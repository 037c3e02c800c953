import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';
import { withTools } from '../tools.mjs';

/**
 * The programs of the demonstration, each as arguments of node, from their sources, without a build: the quickstart's story, which ends by
 * itself, and the server with the dashboard.
 *
 * @param {readonly string[]} args for the server
 */
export function demoPrograms(args) {
  const program = (path, ...more) => ['--conditions=source', '--import', 'tsx', path, ...more];
  return [program('examples/quickstart/src/main.ts'), program('examples/express-server/src/main.ts', ...args)];
}

/**
 * Tells the story, and then starts the server, which stays until Ctrl+C. Where nobody watches, in a pipe or in CI, the server looks at
 * itself and ends.
 *
 * @param {string[]} args for the server, such as `--pglite data` or `--check`
 */
export async function demo(args) {
  const isWatched = process.stdout.isTTY && process.env.CI === undefined;
  const [story, server] = demoPrograms(isWatched || args.includes('--check') ? args : [...args, '--check']);
  const options = { cwd: workspace, env: withTools(), show: true };
  await run(process.execPath, story, options);
  console.log('\nAll of it behind one server, with a dashboard:\n');
  await run(process.execPath, server, options);
  return 0;
}
