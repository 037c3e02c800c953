import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './openssl.ts';

/** A CA that every contestant issues from: the same key and certificate for all. */
export interface IssuingCa {
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly key: KeyObject;
}

/** The distinguished name of the CA, RFC 4514. */
export const CA_SUBJECT = 'CN=Bench Issuing CA,O=Example';

const REQUEST_CONFIG = `[req]
distinguished_name = dn
prompt = no
[dn]
O = Example
CN = Bench Issuing CA
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
`;

/** The one that all use, and the one for the peer that knows no elliptic curves. */
export type CaKeyType = 'P-256' | 'RSA-2048';

/** Makes a CA with the openssl command, so that none of the contestants has written its certificate. */
export function createIssuingCa(folder: string, keyType: CaKeyType = 'P-256'): IssuingCa {
  const { privateKey } =
    keyType === 'P-256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { keyFile, certificateFile } = files(folder, keyType);
  const config = join(folder, 'ca.cnf');
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(config, REQUEST_CONFIG);
  openssl(
    ...['req', '-x509', '-new', '-key', keyFile, '-sha256', '-days', '3650'],
    ...['-config', config, '-extensions', 'ca', '-out', certificateFile],
  );
  return loadIssuingCa(folder, keyType);
}

/** Reads a CA that another process made. */
export function loadIssuingCa(folder: string, keyType: CaKeyType): IssuingCa {
  const { keyFile, certificateFile } = files(folder, keyType);
  const keyPem = readFileSync(keyFile, 'utf8');
  const certificatePem = readFileSync(certificateFile, 'utf8');
  return { keyFile, certificateFile, keyPem, certificatePem, key: createPrivateKey(keyPem) };
}

function files(folder: string, keyType: CaKeyType): { keyFile: string; certificateFile: string } {
  return { keyFile: join(folder, `ca-${keyType}.key`), certificateFile: join(folder, `ca-${keyType}.pem`) };
}
