import { InvalidInputError } from '../../errors/families.ts';
import { SeededRandom } from '../random.ts';
import type { RenewalSimulation, RenewalSimulationOptions } from './renewal-simulation.ts';
import { RenewalWorld } from './renewal-world.ts';

const DAY = 86_400_000;

/**
 * Simulates certificate managers and renewal schedulers over months and years, on a virtual clock: several instances on one storage, issuers
 * that fail, take their time and are down for hours and days, instances that are paused and killed, and a storage that loses requests and
 * answers. Keys and signatures are simulated, all else is the real thing.
 *
 * @returns what happened; `violations` is empty if no name was ever without a valid certificate although its issuer could be reached for the
 *   last third of its life, and no certificate was renewed twice, too early, or later than its issuer suggested
 * @throws {InvalidInputError} INVALID_ARGUMENT: a number is out of range
 *
 * @example
 * ```ts
 * const database = new MemoryDatabase();
 * const openStorage = (clock: Clock) => new MemoryStorage({ clock, database });
 * const { violations, summary } = await simulateRenewals({ seed: 1, names: 100, openStorage });
 * ```
 */
export async function simulateRenewals(options: RenewalSimulationOptions): Promise<RenewalSimulation> {
  const { seed, names, instances = 3, days = 730 } = options;
  for (const [name, value, most] of [
    ['names', names, 1_000_000],
    ['instances', instances, 100],
    ['days', days, 36_500],
  ] as const) {
    if (Number.isInteger(value) && value >= 1 && value <= most) continue;
    throw new InvalidInputError('INVALID_ARGUMENT', `${name} must be an integer from 1 to ${most}, not ${value}`);
  }
  const world = await RenewalWorld.create(new SeededRandom(seed), { ...options, instances, days });
  await world.run(days * DAY);
  const { faults, ledger } = world;
  const problems =
    ledger.violations.length === 0 ? 'no name lapsed, none renewed twice' : `${ledger.violations.length} VIOLATIONS`;
  const summary =
    `simulation, seed ${seed}: ${names} names, ${instances} instances, ${days} days: ${ledger.issued} certificates issued; ` +
    `${faults.outages} outages, ${faults.kills} kills, ${faults.pauses} pauses, ${faults.storage} storage faults; ${problems}`;
  return { seed, names: ledger.names, issued: ledger.issued, faults, violations: ledger.violations, summary };
}
