import { webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { inProcess } from '../harness/contestant.ts';
import type { CrlWorkload, RevokedEntry } from '../workload/crl-entries.ts';
import type { IssuingCa } from '../workload/issuing-ca.ts';
import { fromPem } from '../workload/pem.ts';
import { PKIJS } from './names.ts';

const CODES: Readonly<Record<string, number>> = { keyCompromise: 1, superseded: 4, cessationOfOperation: 5 };
const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });

/** A CRL from entries, its own objects for which are made beforehand. */
export async function pkijsCrl(ca: IssuingCa, work: CrlWorkload) {
  const authority = pkijs.Certificate.fromBER(fromPem(ca.certificatePem));
  const pkcs8 = ca.key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const subjectKeyId = authority.extensions?.find(({ extnID }) => extnID === '2.5.29.14')?.parsedValue;
  const authorityKeyId = new pkijs.AuthorityKeyIdentifier({
    keyIdentifier: new asn1js.OctetString({ valueHex: subjectKeyId.valueBlock.valueHexView }),
  });
  const crlExtensions = new pkijs.Extensions({
    extensions: [
      extension('2.5.29.20', new asn1js.Integer({ value: 1 })),
      extension('2.5.29.35', authorityKeyId.toSchema()),
    ],
  });
  const revokedCertificates = work.entries.map(revoked);
  const build = async () => {
    const crl = new pkijs.CertificateRevocationList({
      version: 1,
      issuer: authority.subject,
      thisUpdate: new pkijs.Time({ value: new Date() }),
      nextUpdate: new pkijs.Time({ value: new Date(Date.now() + 86_400_000) }),
      revokedCertificates,
      crlExtensions,
    });
    await crl.sign(signingKey as unknown as CryptoKey, 'SHA-256', engine);
    return new Uint8Array(crl.toSchema(true).toBER());
  };
  return inProcess(
    PKIJS,
    async (count) => {
      for (let i = 0; i < count; i++) await build();
    },
    { pace: { count: 1, rounds: 1 }, sample: build },
  );
}

function revoked({ serialNumber, revokedAt, reason }: RevokedEntry): pkijs.RevokedCertificate {
  const certificate = new pkijs.RevokedCertificate({
    userCertificate: new asn1js.Integer({ valueHex: new Uint8Array(serialNumber).buffer }),
    revocationDate: new pkijs.Time({ value: new Date(revokedAt) }),
  });
  if (reason !== undefined) {
    const code = new asn1js.Enumerated({ value: CODES[reason] as number });
    certificate.crlEntryExtensions = new pkijs.Extensions({ extensions: [extension('2.5.29.21', code)] });
  }
  return certificate;
}

function extension(extnID: string, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical: false, extnValue: value.toBER() });
}
