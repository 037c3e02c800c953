import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';
import { withTools } from '../tools.mjs';

/** Measures against peers; a filter picks scripts by name. */
export async function bench(args) {
  await run(process.execPath, ['bench/run.mjs', ...args], { cwd: workspace, env: withTools(), show: true });
  return 0;
}
