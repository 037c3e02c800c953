import 'reflect-metadata';
import { X509Certificate } from '@peculiar/x509';
import type { CertificatePool } from '../workload/certificate-pool.ts';
import { type Reader, reader } from '../workload/reader.ts';
import { PECULIAR, PECULIAR_WITH_FIELDS } from './names.ts';

const parse = (der: Buffer<ArrayBuffer>) => new X509Certificate(der);
const serialNumber = (certificate: X509Certificate) => certificate.serialNumber;

/** X509Certificate as it comes. */
export function peculiarParse(pool: CertificatePool): Reader {
  return reader(PECULIAR, pool, parse, serialNumber);
}

/** X509Certificate with every field read. */
export function peculiarParseWithFields(pool: CertificatePool): Reader {
  const withFields = (der: Buffer<ArrayBuffer>) => {
    const certificate = parse(der);
    const { subject, issuer, serialNumber, notBefore, notAfter, extensions, publicKey } = certificate;
    const read =
      subject.length + issuer.length + serialNumber.length + extensions.length + publicKey.rawData.byteLength;
    if (!(read > 0 && notAfter > notBefore)) throw new Error('a field is empty');
    return certificate;
  };
  return reader(PECULIAR_WITH_FIELDS, pool, withFields, serialNumber);
}
