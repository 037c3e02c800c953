import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IssuedCertificate } from '@chancery/core';

const ABOUT: Readonly<Record<string, string>> = {
  'root.chancery': "the root's whole state, encrypted",
  'root.passphrase': 'opens it; elsewhere in real life',
  'root.pem': 'the trust anchor',
  'intermediate.pem': 'what signs the certificates',
  'crl.pem': "the root's CRL and the intermediate's",
  'orders.pem': 'certificate and intermediate',
  'orders.key': 'its private key',
  'billing.pem': 'the new certificate and the intermediate',
  'billing.key': 'its private key',
  'billing-revoked.pem': 'the revoked one',
  'billing-revoked.key': 'its private key, leaked',
};

/** The folder that a run leaves its files in. Secrets are readable by their owner only. */
export class DemoFolder {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static create(): DemoFolder {
    return new DemoFolder(mkdtempSync(join(tmpdir(), 'chancery-demo-')));
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  secret(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content, { mode: 0o600 });
  }

  /** A fresh passphrase of 160 bits, kept beside the root's file only because this is a demonstration. */
  passphrase(): string {
    const passphrase = randomBytes(20).toString('base64url');
    this.secret('root.passphrase', passphrase);
    return passphrase;
  }

  /** Keeps a certificate with its chain, and its key where the SDK made it. */
  identity(service: string, { chainPem, privateKeyPem }: IssuedCertificate): void {
    this.write(`${service}.pem`, chainPem);
    if (privateKeyPem !== undefined) this.secret(`${service}.key`, privateKeyPem);
  }

  readIdentity(service: string): { cert: string; key: string } {
    return { cert: this.read(`${service}.pem`), key: this.read(`${service}.key`) };
  }

  rename(service: string, to: string): void {
    for (const kind of ['pem', 'key']) renameSync(this.path(`${service}.${kind}`), this.path(`${to}.${kind}`));
  }

  contents(): string[] {
    return readdirSync(this.root).map((name) => `${name.padEnd(20)} ${ABOUT[name] ?? ''}`.trimEnd());
  }

  /** The command by which OpenSSL checks certificates against root, intermediate and CRLs. */
  verifyCommand(certificates: readonly string[]): string {
    const trust = '-CAfile root.pem -untrusted intermediate.pem -crl_check_all -CRLfile crl.pem';
    return `cd "${this.root}" && openssl verify -x509_strict ${trust} ${certificates.join(' ')}`;
  }
}
