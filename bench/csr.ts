import { atLeast, type Goal } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { OURS, OURS_GATED, ourCsr, ourGatedCsr } from './ours/issuance.ts';
import { floorVerifyAndSign, VERIFY_AND_SIGN } from './peers/floor.ts';
import { forkedIssuers } from './peers/forked.ts';
import { FORGE, GO, OPENSSL, PECULIAR } from './peers/names.ts';
import { nativeIssuers } from './peers/native.ts';
import { createIssuance } from './workload/issuance.ts';
import { verifyCertificates } from './workload/verify.ts';

/** Goal 2: from the PEM of a request to the PEM of its certificate, with proof of possession, without storage. */
export const csrGoal: Goal = async (context) => {
  const issuance = createIssuance(context.folder);
  const entrants = [
    floorVerifyAndSign(issuance),
    await ourCsr(issuance),
    await ourGatedCsr(issuance),
    ...nativeIssuers('csr', context, issuance),
    ...forkedIssuers('csr', context.folder),
  ];
  await verifyCertificates(entrants, context.folder, (name) => (name === FORGE ? issuance.rsaCa : issuance.ca));
  const result = await race(entrants, context);
  // Node 20 takes longer to import a public key than to use it; later ones do not.
  const quickImport = Number.parseInt(process.versions.node, 10) >= 22;
  return {
    title: 'Goal 2: request PEM to certificate PEM with proof of possession, no storage',
    tables: [{ title: 'certificates', unit: 'rate', base: VERIFY_AND_SIGN, lanes: result.lanes }],
    verdicts: [
      atLeast(quickImport ? 0.65 : 0.42, VERIFY_AND_SIGN, result.ratio(OURS, VERIFY_AND_SIGN)),
      atLeast(0.33, `${VERIFY_AND_SIGN}, path validated`, result.ratio(OURS_GATED, VERIFY_AND_SIGN)),
      atLeast(quickImport ? 1.5 : 1, GO, result.ratio(OURS, GO)),
      atLeast(15, PECULIAR, result.ratio(OURS, PECULIAR)),
      atLeast(2, OPENSSL, result.ratio(OURS, OPENSSL)),
    ],
    notes: [],
  };
};
