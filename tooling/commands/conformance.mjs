import { resolve } from 'node:path';
import { run } from '../lib/process.mjs';
import { workspace } from '../lib/workspace.mjs';

/** Judges the SDK by public suites, which are not part of the project: their paths are arguments. */
export async function conformance(args) {
  const absolute = args.map((arg) => (arg.startsWith('--') ? arg : resolve(arg)));
  const main = ['--import', 'tsx', '--conditions=source', 'tooling/conformance/main.ts'];
  await run(process.execPath, [...main, ...absolute], { cwd: workspace, show: true });
  return 0;
}
