import forge from 'node-forge';
import { inProcess } from '../harness/contestant.ts';
import type { IssuingCa } from '../workload/issuing-ca.ts';
import { fromPem } from '../workload/pem.ts';
import { FORGE } from './names.ts';

/** Reads an RSA certificate again and again: node-forge refuses the keys of the pool. */
export function forgeParse({ certificatePem }: IssuingCa) {
  const der = fromPem(certificatePem).toString('binary');
  return inProcess(FORGE, (count) => {
    for (let i = 0; i < count; i++) forge.pki.certificateFromAsn1(forge.asn1.fromDer(der));
  });
}
