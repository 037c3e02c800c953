import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { authorities, ocspResponders } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { SigningState } from '../intermediates/signing-state.ts';
import { HOUR } from '../validity.ts';
import { type ResponderEntry, renewResponder } from './renew-responder.ts';
import { delegates } from './responders.ts';

/**
 * Renews the OCSP responders that are past the middle of their lifetime, or whose key a former key of the keyring has sealed. An
 * intermediate that was never asked has none, and gets none.
 */
export function ocspTask(context: AuthorityContext, state: SigningState): MaintenanceTask {
  const { clock, store, name } = context;
  return {
    name: `authority:${name}:ocsp`,
    async run({ limit, signal }) {
      const now = clock.now();
      let nextDueAt = now + HOUR;
      if ((await store.get(authorities, name)) === undefined) return { more: false, nextDueAt };
      let renewed = 0;
      const failures: unknown[] = [];
      for (const intermediate of (await state.fresh()).intermediates) {
        throwIfAborted(signal);
        if (!delegates(intermediate) || intermediate.certificate.notAfter.getTime() < now) continue;
        const stored = await store.get(ocspResponders, intermediate.id);
        if (stored === undefined) continue;
        const isDue = (present: ResponderEntry) => dueAt(context, present, intermediate.certificate.notAfter) <= now;
        if (!isDue(stored)) {
          nextDueAt = Math.min(nextDueAt, dueAt(context, stored, intermediate.certificate.notAfter));
          continue;
        }
        if (renewed === limit) return { more: true, nextDueAt: now };
        try {
          await renewResponder(context, intermediate, isDue, signal === undefined ? {} : { signal });
          renewed += 1;
        } catch (error) {
          // One intermediate whose key does not open must not let the responders of the others run out.
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return { more: false, nextDueAt };
    },
  };
}

/** When a responder is to be renewed, in epoch milliseconds; never where it already lasts as long as its issuer. */
function dueAt({ keyring }: AuthorityContext, { value, bytes }: ResponderEntry, issuerEnd: Date): number {
  if (bytes === undefined || keyring.needsReseal(bytes)) return 0;
  const lastsAsIssuer = value.notAfter >= Math.floor(issuerEnd.getTime() / 1000) * 1000;
  return lastsAsIssuer ? Number.POSITIVE_INFINITY : value.notBefore + (value.notAfter - value.notBefore) / 2;
}
