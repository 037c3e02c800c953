import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, run } from './lib/process.mjs';
import { workspace } from './lib/workspace.mjs';
import { withTools } from './tools.mjs';

const REPORTS = join(workspace, 'node_modules/.cache/chancery/reports');
const VITEST = join(workspace, 'node_modules/vitest/vitest.mjs');

/** Adds up what every run of vitest reported. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  add({ passed, failed, skipped }) {
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }

  toString() {
    return `${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`;
  }
}

/**
 * Runs vitest and counts from its JSON report.
 *
 * @param {object} options
 * @param {string} options.project The project of vitest.config.ts.
 * @param {string} options.node The runtime.
 * @param {string} options.name Names the report.
 * @param {Tally} options.tally Where the counts are added, also when tests fail.
 * @param {readonly string[]} [options.args] More arguments.
 * @param {Record<string, string>} [options.env] More environment.
 * @param {boolean} [options.show] Pass vitest's output through as it comes.
 * @param {AbortSignal} [options.signal] Stops the run.
 * @returns {Promise<string>} The counts of this run.
 * @throws {CommandFailed} When a test fails, or there is none.
 */
export async function vitest({ project, node, name, tally, args = [], env = {}, show = false, signal }) {
  mkdirSync(REPORTS, { recursive: true });
  const report = join(REPORTS, `${name}.json`);
  rmSync(report, { force: true });
  const argv = ['run', '--project', project, '--passWithNoTests=false', '--reporter=default', '--reporter=json'];
  let output = '';
  let failure;
  try {
    output = await run(node, [VITEST, ...argv, `--outputFile.json=${report}`, ...args], {
      cwd: workspace,
      env: { ...withTools(), ...env },
      show,
      signal,
    });
  } catch (error) {
    failure = error;
  }
  const counts = readReport(report);
  if (counts !== undefined) tally.add(counts);
  if (failure !== undefined) throw failure;
  if (counts === undefined) throw new CommandFailed('vitest', 'wrote no report', output);
  if (counts.passed === 0) throw new CommandFailed('vitest', 'ran no test', output);
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${counts.files} files`;
}

function readReport(file) {
  try {
    return countsOf(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // A run that was stopped, or broke down, leaves no report or half of one; the caller fails it.
    return undefined;
  }
}

/** What vitest's JSON report comes to. A file that fails before its first test counts as one failure. */
export function countsOf({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + brokenFiles.length,
    skipped: numPendingTests + numTodoTests,
    files: testResults.length,
  };
}
