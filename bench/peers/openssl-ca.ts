import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, inProcess } from '../harness/contestant.ts';
import { type CrlWorkload, writeIndex } from '../workload/crl-entries.ts';
import type { IssuingCa } from '../workload/issuing-ca.ts';
import { openssl } from '../workload/openssl.ts';
import { fromPem } from '../workload/pem.ts';

/** The command that most private CAs sign their CRLs with. Reading its database is a part of its work. */
export const OPENSSL_CA = 'openssl ca -gencrl';

const config = (index: string, number: string) => `[ca]
default_ca = bench
[bench]
database = ${index}
crlnumber = ${number}
default_md = sha256
default_crl_days = 7
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid:always
`;

/** A CRL from the command's own database, one process each time. */
export function opensslCa(ca: IssuingCa, work: CrlWorkload, folder: string, pace: Contestant['pace']) {
  const path = (name: string) => join(folder, `${name}-${work.size}`);
  const number = path('crlnumber');
  writeFileSync(number, '1000\n');
  writeFileSync(path('ca.cnf'), config(writeIndex(folder, work), number));
  const sign = () =>
    openssl(
      ...['ca', '-gencrl', '-config', path('ca.cnf'), '-keyfile', ca.keyFile, '-cert', ca.certificateFile],
      ...['-out', path('openssl.crl')],
    );
  const contestant = inProcess(
    OPENSSL_CA,
    (count) => {
      for (let i = 0; i < count; i++) sign();
    },
    {
      ...(pace === undefined ? {} : { pace }),
      sample: async () => {
        sign();
        return fromPem(readFileSync(path('openssl.crl'), 'utf8'));
      },
    },
  );
  // What a child process used is not this one's CPU time.
  return { ...contestant, run: async (count: number) => ({ ...(await contestant.run(count)), cpuNs: Number.NaN }) };
}
