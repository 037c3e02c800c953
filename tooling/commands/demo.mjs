import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';
import { withTools } from '../tools.mjs';

/** Runs the quickstart from its sources, without a build. */
export async function demo(args) {
  const argv = ['--conditions=source', '--import', 'tsx', 'examples/quickstart/src/main.ts', ...args];
  await run(process.execPath, argv, { cwd: workspace, env: withTools(), show: true });
  return 0;
}
