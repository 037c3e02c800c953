import { parseArgs } from 'node:util';
import { type CaseOutcome, runCase } from './run-case.ts';
import { type ConformanceCase, readSuite } from './suite.ts';
import { runWycheproof } from './wycheproof/run.ts';

interface Disagreement extends CaseOutcome {
  readonly case: ConformanceCase;
}

/** Runs one suite and prints agreement by group, every disagreement, and the slowest case. */
async function report(name: string, path: string, isVerbose: boolean): Promise<void> {
  const cases = readSuite(path);
  const groups = new Map<string, { agreed: number; total: number }>();
  const disagreements: Disagreement[] = [];
  let slowest = { id: '', milliseconds: 0 };
  for (const one of cases) {
    const outcome = await runCase(one);
    const agrees = outcome.accepted === one.expected;
    const group = groups.get(one.group) ?? { agreed: 0, total: 0 };
    groups.set(one.group, { agreed: group.agreed + (agrees ? 1 : 0), total: group.total + 1 });
    if (!agrees) disagreements.push({ case: one, ...outcome });
    if (outcome.milliseconds > slowest.milliseconds) slowest = { id: one.id, milliseconds: outcome.milliseconds };
    if (isVerbose) console.log(`${agrees ? 'agree   ' : 'DISAGREE'} ${one.id}: ${outcome.detail}`);
  }
  console.log(`\n${name}: ${cases.length - disagreements.length} of ${cases.length} agree`);
  for (const [group, { agreed, total }] of groups) {
    console.log(`  ${`${agreed}/${total}`.padStart(7)}  ${group}`);
  }
  const falseAccepts = disagreements.filter(({ accepted }) => accepted);
  list('false accepts', falseAccepts);
  // A path that is refused wrongly is an annoyance; one that is accepted wrongly is a hole.
  if (falseAccepts.length > 0) process.exitCode = 1;
  list(
    'false rejects',
    disagreements.filter(({ accepted }) => !accepted),
  );
  console.log(`slowest: ${slowest.id}, ${slowest.milliseconds.toFixed(1)} ms`);
}

function list(what: string, disagreements: readonly Disagreement[]): void {
  console.log(`${what}: ${disagreements.length}`);
  for (const { case: one, detail } of disagreements) console.log(`  ${one.id}: ${detail}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    limbo: { type: 'string' },
    pkits: { type: 'string' },
    wycheproof: { type: 'string', multiple: true, default: [] },
    verbose: { type: 'boolean', default: false },
  },
});
const vectors = [...values.wycheproof, ...positionals];
if (values.limbo === undefined && values.pkits === undefined && vectors.length === 0) {
  console.error('npm run conformance -- [--limbo PATH] [--pkits PATH] [--wycheproof PATH ...] [--verbose]');
  process.exitCode = 2;
}
if (values.limbo !== undefined) await report('x509-limbo', values.limbo, values.verbose);
if (values.pkits !== undefined) await report('PKITS', values.pkits, values.verbose);
for (const path of vectors) if ((await runWycheproof(path, values.verbose)) > 0) process.exitCode = 1;
