import { z } from 'zod';
import { encodePem } from '../../encoding/pem.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { exportPkcs12 } from '../../x509/pkcs12/export-pkcs12.ts';
import {
  certificateNotIssued,
  putCertificate,
  requireCertificate,
  requireCertificateId,
} from '../certificate-record.ts';
import { type CertificateValue, generationKeys } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { keyNotHeld, openGenerationKey } from '../generations/generation-key.ts';
import { parseInput } from './certificate-input.ts';

/** In which form to hand out a certificate with its key. */
export interface ExportCertificateOptions extends Abortable {
  readonly format: 'pem' | 'der' | 'pkcs12';
  /** For `pkcs12`, and required there. */
  readonly password?: string;
}

/** Texts, as servers read them from files. */
export interface ExportedPem {
  readonly format: 'pem';
  /** End-entity certificate first, without the root. */
  readonly chainPem: string;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
}

/** Bytes, one item a certificate. */
export interface ExportedDer {
  readonly format: 'der';
  /** End-entity certificate first, without the root. */
  readonly chainDer: readonly Uint8Array[];
  /** PKCS#8, not encrypted. */
  readonly privateKeyDer: Uint8Array;
}

/** One file with all of it (RFC 7292). */
export interface ExportedPkcs12 {
  readonly format: 'pkcs12';
  readonly pkcs12: Uint8Array;
}

const exportInput = z
  .strictObject({
    format: z.enum(['pem', 'der', 'pkcs12']),
    password: z.string().min(1).max(1_024).optional(),
    signal: abortSignal,
  })
  .refine(
    ({ format, password }) => (format === 'pkcs12') === (password !== undefined),
    'a password is for the format pkcs12, which takes one',
  );

/** See `CertificateManager.export`. */
export async function exportCertificate(
  context: CertificatesContext,
  id: string,
  options: ExportCertificateOptions,
): Promise<ExportedPem | ExportedDer | ExportedPkcs12> {
  const { format, password = '', signal } = parseInput(exportInput, 'export() options', options);
  requireCertificateId(id);
  throwIfAborted(signal);
  const { value, pkcs8 } = await takeOut(context, id, format, options);
  const { chainPem = '', name } = value;
  if (format === 'der')
    return { format, chainDer: parseCertificates(chainPem).map(({ der }) => der), privateKeyDer: pkcs8 };
  const privateKeyPem = encodePem('PRIVATE KEY', pkcs8);
  pkcs8.fill(0);
  if (format === 'pem') return { format, chainPem, privateKeyPem };
  const { crypto } = context;
  // What a PKCS#12 file can call it: the basic plane.
  const friendlyName = name === undefined || /[\ud800-\udfff]/.test(name) ? {} : { friendlyName: name };
  return { format, pkcs12: await exportPkcs12({ privateKeyPem, chainPem, password, crypto, ...friendlyName }) };
}

/** No key leaves before it is on record that it does. */
async function takeOut(
  context: CertificatesContext,
  id: string,
  format: string,
  options: Abortable,
): Promise<{ readonly value: CertificateValue; readonly pkcs8: Uint8Array }> {
  let pkcs8: Uint8Array | undefined;
  const value = await context.store.transact(async (transaction) => {
    pkcs8?.fill(0);
    const entry = await requireCertificate(transaction, id);
    const { current, keyAlgorithm } = entry.value;
    if (keyAlgorithm === undefined) throw keyNotHeld(id);
    if (current === undefined) throw certificateNotIssued(id, entry.value);
    const key = await transaction.get(generationKeys, current);
    if (key === undefined) throw keyNotHeld(id);
    pkcs8 = await openGenerationKey(context, key);
    if (context.events !== undefined) {
      const told = { type: 'certificate.exported', data: { format } } as const;
      putCertificate(context, transaction, entry, entry.value, told);
    }
    return entry.value;
  }, signalOf(options));
  return { value, pkcs8: pkcs8 as Uint8Array };
}
