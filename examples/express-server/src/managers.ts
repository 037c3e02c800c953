import {
  AccountManager,
  CertificateAuthority,
  CertificateManager,
  EventLog,
  type Keyring,
  RecordVault,
  RenewalScheduler,
} from '@chancery/core';
import { forbidden } from './demo/policy.ts';
import { SlowIssuer } from './demo/slow-issuer.ts';
import { type Pace, shortLivedFraction } from './pace.ts';
import type { KeptStorage } from './storage.ts';

/** Everything that the server works with, on one storage. */
export interface Managers {
  readonly authority: CertificateAuthority;
  readonly accounts: AccountManager;
  readonly certificates: CertificateManager;
  readonly vault: RecordVault;
  readonly events: EventLog;
  readonly scheduler: RenewalScheduler;
}

/** What the managers are made of. */
export interface ManagersOptions {
  readonly storage: KeptStorage;
  readonly keyring: Keyring;
  /** Where clients find the server: it stands in tokens and in certificates. */
  readonly origin: string;
  readonly pace: Pace;
}

/** Makes the managers. Nothing runs yet. */
export function createManagers({ storage, keyring, origin, pace }: ManagersOptions): Managers {
  const events = new EventLog({
    storage,
    keyring,
    sinks: [
      {
        name: 'deleted-accounts',
        types: ['account.deleted'],
        deliver: async ({ subject }) => void (await certificates.deleteByAccount(subject)),
      },
    ],
  });
  const shared = { storage, keyring, events };
  const authority = new CertificateAuthority({ ...shared, baseUrl: `${origin}/pki`, policy: forbidden });
  const accounts = new AccountManager({ ...shared, issuer: origin, certificateStatus: authority.certificateStatus() });
  const certificates = new CertificateManager({
    ...shared,
    issuers: { internal: authority, partner: new SlowIssuer(authority, pace.approvalMs) },
    defaultIssuer: 'internal',
    accountGuard: accounts.accountGuard(),
    // An account may hold the names below the domain that its attributes say.
    nameGuard: async (accountId, name) => {
      const { attributes } = await accounts.get(accountId);
      const domain = attributes?.domain;
      return typeof domain === 'string' && (name === domain || name.endsWith(`.${domain}`));
    },
    renewalPolicy: { shortLivedFraction: shortLivedFraction(pace), jitter: 0.005 },
  });
  const vault = new RecordVault(shared);
  const scheduler = new RenewalScheduler({
    certificates,
    checkIntervalMs: 1_000,
    maintain: [authority, accounts, certificates, vault, storage].flatMap((manager) => manager.maintenance()),
  });
  return { authority, accounts, certificates, vault, events, scheduler };
}
