import * as pkijs from 'pkijs';
import type { CertificatePool } from '../workload/certificate-pool.ts';
import { type Reader, reader } from '../workload/reader.ts';
import { PKIJS } from './names.ts';

/** Certificate.fromBER, which decodes most fields at once. */
export function pkijsParse(pool: CertificatePool): Reader {
  const serialNumber = (certificate: pkijs.Certificate) =>
    Buffer.from(certificate.serialNumber.valueBlock.valueHexView).toString('hex');
  return reader(PKIJS, pool, (der) => pkijs.Certificate.fromBER(der), serialNumber);
}
