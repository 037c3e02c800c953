import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GoalName, loadGoal } from '../goals.ts';
import type { GoalContext } from '../harness/goal.ts';

const [, , name, options] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'chancery-bench-'));
try {
  const goal = await loadGoal(name as GoalName);
  const report = await goal({ ...(JSON.parse(options as string) as GoalContext), folder });
  process.send?.(report, () => process.disconnect());
} catch (error) {
  console.error(error);
  process.exitCode = 1;
  // Peers may still run: nobody is to wait for them.
  process.disconnect();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
