import { toHex } from '../../encoding/hex.ts';
import { encodePem } from '../../encoding/pem.ts';
import { buildCertificate } from '../../x509/certificate/certificate-builder.ts';
import { encodeSubjectKeyIdentifier } from '../../x509/extensions/key-identifiers.ts';
import { keyIdentifier } from '../../x509/key-identifier.ts';
import type { AuthorityContext } from '../context.ts';
import { shardOf } from '../crl/crl-scope.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import { templateFor } from '../issuance/extensions.ts';
import { PathGate } from '../issuance/path-gate.ts';
import type { LedgerValue } from '../ledger.ts';
import { builtInProfiles } from '../profiles.ts';
import { randomSerialNumber } from '../serial-number.ts';
import { DAY, notBeforeOf } from '../validity.ts';
import { responderName } from './responder-name.ts';

/** The profile that the ledger names for responders. */
export const RESPONDER_PROFILE = 'ocspResponder';

/** A responder that is signed but not yet stored. */
export interface MadeResponder {
  readonly ledgerValue: LedgerValue;
  readonly certificateDer: Uint8Array;
  readonly certificatePem: string;
  /** To be sealed and wiped. */
  readonly pkcs8: Uint8Array;
}

/**
 * Makes a key for an intermediate's OCSP responder and certifies it: for ocspSigning alone, with id-pkix-ocsp-nocheck and without
 * pointers, since nobody is to ask about it (RFC 6960 section 4.2.2.2.1). It lives for two weeks, or as long as its issuer.
 *
 * @throws {PolicyError} ISSUANCE_REFUSED: a relying party would not accept it
 */
export async function makeResponder(
  context: AuthorityContext,
  intermediate: InstalledIntermediate,
): Promise<MadeResponder> {
  const { crypto, clock, name } = context;
  const profile = builtInProfiles[RESPONDER_PROFILE];
  const now = clock.now();
  const key = await crypto.generateKey('ECDSA-P256');
  const { spki, kind } = key.publicKey;
  const signingKey = await intermediate.privateKey();
  const { certificate: issuer } = intermediate;
  const subject = responderName(issuer.subject);
  const serialNumber = randomSerialNumber(crypto);
  const crlShard = shardOf(serialNumber, intermediate.crlShards);
  const notBefore = notBeforeOf(now, issuer);
  const end = Math.min(now + profile.defaultValidityDays * DAY, issuer.notAfter.getTime());
  const notAfter = new Date(Math.floor(end / 1000) * 1000);
  const certificateDer = await buildCertificate(
    {
      template: templateFor(intermediate, signingKey, profile, kind.type, {
        baseUrl: undefined,
        shortLived: false,
        withoutPointers: true,
      }),
      signingKey,
      serialNumber,
      notBefore,
      notAfter,
      subject,
      spki,
      extensions: [encodeSubjectKeyIdentifier(await keyIdentifier(spki, crypto))],
    },
    crypto,
  );
  if (!context.skipPathValidation) await new PathGate(intermediate, context).pass(certificateDer, profile);
  const ledgerValue: LedgerValue = {
    authority: name,
    serialNumber: toHex(serialNumber),
    intermediate: intermediate.id,
    ...(crlShard === undefined ? {} : { crlShard }),
    profile: RESPONDER_PROFILE,
    subject: subject.toString(),
    subjectAltNames: [],
    notBefore: notBefore.getTime(),
    notAfter: notAfter.getTime(),
    issuedAt: now,
    sha256Fingerprint: toHex(await crypto.digest('SHA-256', certificateDer)),
    state: 'issued',
    revision: 1,
  };
  const pkcs8 = await crypto.exportPrivateKey(key);
  return { ledgerValue, certificateDer, certificatePem: encodePem('CERTIFICATE', certificateDer), pkcs8 };
}
