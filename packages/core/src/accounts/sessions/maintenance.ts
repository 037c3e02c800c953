import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { signingKeyTask } from '../signing-keys/signing-key-task.ts';
import type { SessionContext } from './session-context.ts';

/** The chores of sessions and tokens. What has expired is swept by the storage's own task. */
export function sessionTasks({ signingKeys }: SessionContext): MaintenanceTask[] {
  return [signingKeyTask(signingKeys)];
}
