import type { Clock } from '@chancery/core';
import type { Described, GaugeOf } from '../instruments.ts';
import type { MetricsSettings } from '../metrics-options.ts';
import type { Show } from './refreshed.ts';

/** Makes the gauges of one source. Reading any of them has the source looked at first. */
export type MakeGauge = <L extends string = never>(described: Described<L>) => GaugeOf<L>;

/** What sources work with. */
export interface SourceParts {
  readonly gauge: MakeGauge;
  readonly settings: MetricsSettings;
  readonly clock: Clock;
}

/** Makes the gauges of a manager, and gives what looks at it. */
export type Source<Manager> = (manager: Manager, parts: SourceParts) => (signal: AbortSignal) => Promise<Show>;
