import type { MaintenanceTask } from '../ports/maintenance.ts';
import { resealWalk } from '../store/reseal-walk.ts';
import { generationKeys } from './collections.ts';
import type { CertificatesContext } from './context.ts';
import { openGenerationKey, sealGenerationKey } from './generations/generation-key.ts';

/** Seals anew the private keys that a former key of the keyring sealed, so that it can be taken out of use. */
export function resealTask(context: CertificatesContext): MaintenanceTask {
  return resealWalk(context, {
    name: 'certificates:reseal',
    collection: generationKeys,
    index: 'byAge',
    reseal: async (entry) => sealGenerationKey(context, entry.id, await openGenerationKey(context, entry)),
  });
}
