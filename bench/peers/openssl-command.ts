import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { openssl } from '../workload/openssl.ts';
import { fromPem } from '../workload/pem.ts';

const EXTENSIONS = `basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

/**
 * The openssl command in place of its C API, where that does not compile: a process for each certificate. It verifies the
 * request. Most of its time is the start of the process, so no bound is judged against it.
 */
export function opensslCommand({ ca, requests }: Issuance, folder: string): Contestant {
  const path = (name: string) => join(folder, `command-${name}`);
  writeFileSync(path('extensions'), EXTENSIONS);
  const issue = (pem: string) => {
    writeFileSync(path('request.pem'), pem);
    openssl(
      ...['x509', '-req', '-in', path('request.pem'), '-CA', ca.certificateFile, '-CAkey', ca.keyFile, '-days', '90'],
      ...['-sha256', '-copy_extensions', 'copy', '-extfile', path('extensions'), '-out', path('certificate.pem')],
    );
  };
  const next = turns(requests.pems.length);
  const contestant = inProcess(
    'openssl x509 -req (a process each)',
    (count) => {
      for (let i = 0; i < count; i++) issue(requests.pems[next()] as string);
    },
    {
      sample: async () => {
        issue(requests.pems[0] as string);
        return fromPem(readFileSync(path('certificate.pem'), 'utf8'));
      },
    },
  );
  // What a child process used is not this one's CPU time.
  return { ...contestant, run: async (count) => ({ ...(await contestant.run(count)), cpuNs: Number.NaN }) };
}
