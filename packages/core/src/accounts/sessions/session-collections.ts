import { spentProofs } from '../proofs/replay-store.ts';
import { signingKeys } from '../signing-keys/signing-key-record.ts';
import { deniedTokens, sessionGates, sessions } from './session-record.ts';

/** Everything that sessions and tokens keep. */
export const sessionCollections = [sessions, sessionGates, deniedTokens, spentProofs, signingKeys] as const;
