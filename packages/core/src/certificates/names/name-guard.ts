import type { Abortable } from '../../ports/abortable.ts';

/**
 * Says whether an account may hold a certificate for a name. It is asked at every issue, renewals included.
 *
 * @param accountId the account's id
 * @param name as in the certificate: `a.example`, `*.a.example`, `ip:10.0.0.1`, `email:…`, `uri:…`
 * @returns true, and nothing else, where it may
 */
export type NameGuard = (accountId: string, name: string, options?: Abortable) => boolean | Promise<boolean>;
