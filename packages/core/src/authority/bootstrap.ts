import { InvalidInputError } from '../errors/families.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { KeyAlgorithm } from '../ports/crypto.ts';
import { DistinguishedName } from '../x509/name/distinguished-name.ts';
import { endReservation, reserveAuthority } from './bootstrap-reservation.ts';
import { intermediates } from './collections.ts';
import type { AuthorityContext } from './context.ts';
import { type CrlOptions, checkCrlOptions } from './crl/crl-options.ts';
import { installIntermediate } from './intermediates/install.ts';
import type { Intermediate } from './intermediates/intermediate.ts';
import { requestIntermediate } from './intermediates/request.ts';
import { OfflineRoot } from './offline-root/offline-root.ts';

/** What `CertificateAuthority.bootstrap` is asked for. */
export interface BootstrapOptions extends Abortable, CrlOptions {
  /** Names the root and the intermediate: `CN=<organization> Root CA,O=<organization>`. */
  readonly organization: string;
  /** Encrypts the root's file; 15 characters or more. */
  readonly passphrase: string;
  /** Keeps the root's file somewhere safe. The authority goes to work only once this has resolved. */
  readonly saveRoot: (file: Uint8Array) => Promise<void>;
  /** `ECDSA-P384` by default. */
  readonly rootKeyAlgorithm?: KeyAlgorithm;
  /** `ECDSA-P256` by default. */
  readonly intermediateKeyAlgorithm?: KeyAlgorithm;
}

/** What a bootstrap has made. */
export interface BootstrapResult {
  /** Open: `close()` drops its key from memory. */
  readonly root: OfflineRoot;
  readonly intermediate: Intermediate;
}

/** Root, intermediate and root CRL in one go. What fails leaves no authority behind, and an authority that exists is not touched. */
export async function bootstrapAuthority(
  context: AuthorityContext,
  options: BootstrapOptions,
): Promise<BootstrapResult> {
  const { clock, crypto } = context;
  if (typeof options.organization !== 'string' || options.organization.trim() === '') {
    throw new InvalidInputError('INVALID_ARGUMENT', 'organization must be a name');
  }
  if (typeof options.saveRoot !== 'function') {
    throw new InvalidInputError('INVALID_ARGUMENT', 'saveRoot must be a function that keeps the root file');
  }
  const { crlShards, deltaCrls } = checkCrlOptions(options, context.baseUrl);
  const owner = await reserveAuthority(context);
  const undo: (() => void | Promise<void>)[] = [() => endReservation(context, owner)];
  try {
    const { root } = await OfflineRoot.create({
      subject: caName(options.organization, 'Root'),
      keyAlgorithm: options.rootKeyAlgorithm ?? 'ECDSA-P384',
      passphrase: options.passphrase,
      clock,
      crypto,
    });
    undo.push(() => root.close());
    const request = await requestIntermediate(context, {
      ...signalOf(options),
      subject: caName(options.organization, 'Intermediate'),
      ...(options.intermediateKeyAlgorithm === undefined ? {} : { keyAlgorithm: options.intermediateKeyAlgorithm }),
    });
    undo.push(() => forgetRequest(context, request.id));
    const { certificatePem } = await root.signIntermediate(request.csrPem, rootUrls(context));
    const { crl, file } = await root.crl();
    await options.saveRoot(file);
    const intermediate = await installIntermediate(context, request.id, {
      certificatePem,
      trustAnchorsPem: root.certificatePem,
      deltaCrls,
      ...(crlShards === undefined ? {} : { crlShards }),
      bootstrap: { owner, rootCrl: crl.der },
    });
    return { root, intermediate };
  } catch (error) {
    await undoAll(context, undo);
    throw error;
  }
}

/** Undoes what a failed bootstrap has done. What cannot be undone is harmless, and must not hide why the bootstrap failed. */
async function undoAll(
  { logger, name }: AuthorityContext,
  steps: readonly (() => void | Promise<void>)[],
): Promise<void> {
  for (const step of [...steps].reverse()) {
    try {
      await step();
    } catch {
      logger?.warn('A failed bootstrap left something behind', { authority: name });
    }
  }
}

/** The request of a bootstrap that failed, unless it was installed before the failure. */
async function forgetRequest({ store }: AuthorityContext, id: string): Promise<void> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(intermediates, id);
    if (entry?.value.state === 'requested') transaction.delete(intermediates, id);
  });
}

function rootUrls({ baseUrl }: AuthorityContext): { crlUrl?: string; issuerUrl?: string } {
  return baseUrl === undefined ? {} : { crlUrl: `${baseUrl}/root.crl`, issuerUrl: `${baseUrl}/root.cer` };
}

function caName(organization: string, role: 'Root' | 'Intermediate'): string {
  const rdns = [[{ type: 'O', value: organization }], [{ type: 'CN', value: `${organization} ${role} CA` }]];
  return DistinguishedName.fromRdns(rdns).toString();
}
