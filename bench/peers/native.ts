import { type Entrant, isPresent } from '../harness/contestant.ts';
import type { GoalContext } from '../harness/goal.ts';
import { nativePeer } from '../harness/native-peer.ts';
import type { Issuance } from '../workload/issuance.ts';
import { GO, OPENSSL } from './names.ts';
import { opensslCommand } from './openssl-command.ts';

/** Go and OpenSSL, issuing from checked requests or from PEM to PEM. */
export function nativeIssuers(task: 'issue' | 'csr', { native, folder }: GoalContext, issuance: Issuance): Entrant[] {
  const { ca, requests } = issuance;
  const args = [task, ca.certificateFile, ca.keyFile, requests.file];
  const api = nativePeer(OPENSSL, native.openssl, args);
  return [nativePeer(GO, native.go, args), api, ...(isPresent(api) ? [] : [opensslCommand(issuance, folder)])];
}
