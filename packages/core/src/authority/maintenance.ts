import type { MaintenanceTask } from '../ports/maintenance.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { authorities } from './collections.ts';
import type { AuthorityContext } from './context.ts';
import { crlScopes } from './crl/crl-scope.ts';
import { currentCrl, nextDue } from './crl/crl-service.ts';
import type { InstalledIntermediate, SigningState } from './intermediates/signing-state.ts';
import { HOUR } from './validity.ts';

/** Signs the CRLs that show a revocation or come near their nextUpdate, at most `limit` of them a run. */
export function crlTask(context: AuthorityContext, state: SigningState): MaintenanceTask {
  const { clock } = context;
  return {
    name: `authority:${context.name}:crl`,
    async run({ limit, signal }) {
      const now = clock.now();
      let nextDueAt = now + HOUR;
      let signed = 0;
      const failures: unknown[] = [];
      const intermediates = await installedIntermediates(context, state);
      const current = intermediates.filter(({ certificate }) => certificate.notAfter.getTime() >= now);
      for (const scope of current.flatMap(crlScopes)) {
        throwIfAborted(signal);
        const { kind, dueAt } = await nextDue(context, scope);
        if (dueAt > now) {
          nextDueAt = Math.min(nextDueAt, dueAt);
          continue;
        }
        if (signed === limit) return { more: true, nextDueAt: now };
        try {
          await currentCrl(context, scope, kind);
          signed += 1;
        } catch (error) {
          // One intermediate whose key does not open must not let the CRLs of the others expire.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return { more: false, nextDueAt };
    },
  };
}

/** None where the authority has not been set up yet: a scheduler may start before that. */
async function installedIntermediates(
  { store, name }: AuthorityContext,
  state: SigningState,
): Promise<readonly InstalledIntermediate[]> {
  if ((await store.get(authorities, name)) === undefined) return [];
  return (await state.fresh()).intermediates;
}
