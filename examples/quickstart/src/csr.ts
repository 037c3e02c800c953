import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What `authority.issue` is given for a service's key, and a line about where that key was made. */
export interface ServiceKey {
  readonly key: { readonly csr: string } | { readonly keyAlgorithm: 'ECDSA-P256' };
  readonly told: string;
}

/**
 * Makes a key and a CSR with the `openssl` command, as an operator would: the key never meets the SDK. Where there is no such command
 * that works, the SDK is asked to generate the key.
 *
 * @param name - the service's host name
 * @param keyFile - where openssl leaves the private key
 */
export async function requestCsr(name: string, keyFile: string): Promise<ServiceKey> {
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  try {
    const { stdout: csr } = await run('openssl', ['req', '-new', ...newKey, '-subj', `/CN=${name}`]);
    chmodSync(keyFile, 0o600);
    return { key: { csr }, told: 'openssl made key and CSR; the SDK never saw the key.' };
  } catch {
    return {
      key: { keyAlgorithm: 'ECDSA-P256' },
      told: 'there is no openssl command here, so the SDK generated the key, and keeps no copy of it.',
    };
  }
}
