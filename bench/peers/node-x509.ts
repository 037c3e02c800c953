import { X509Certificate } from 'node:crypto';
import type { CertificatePool } from '../workload/certificate-pool.ts';
import { type Reader, reader } from '../workload/reader.ts';

/** Node's own reader: OpenSSL behind it, fields on demand. */
export const NODE_X509 = 'node X509Certificate';

/** X509Certificate as it comes. */
export function nodeParse(pool: CertificatePool): Reader {
  return reader(
    NODE_X509,
    pool,
    (der) => new X509Certificate(der),
    ({ serialNumber }) => serialNumber,
  );
}
