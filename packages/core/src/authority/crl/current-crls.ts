import { encodePem } from '../../encoding/pem.ts';
import { rootCrls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { SigningState } from '../intermediates/signing-state.ts';
import { crlScopes } from './crl-scope.ts';
import { currentCrl } from './crl-service.ts';

const LIMIT = 100;

/**
 * The roots' CRLs and those of every intermediate that has not expired, with all their shards, each as PEM: what it takes to check every
 * certificate of a path.
 */
export async function currentCrls(context: AuthorityContext, state: SigningState): Promise<string[]> {
  const blocks: string[] = [];
  const query = { index: 'byAuthority', equals: { authority: context.name }, limit: LIMIT, withBytes: true };
  for await (const { bytes } of context.store.walk(rootCrls, query)) {
    if (bytes !== undefined) blocks.push(encodePem('X509 CRL', bytes));
  }
  const now = context.clock.now();
  for (const intermediate of (await state.fresh()).intermediates) {
    if (intermediate.certificate.notAfter.getTime() < now) continue;
    for (const scope of crlScopes(intermediate)) blocks.push((await currentCrl(context, scope, 'complete')).pem);
  }
  return blocks;
}
