import { BY_KEY } from './commit-statements.ts';
import { writeInstant } from './documents.ts';
import { type ServerFunction, serverFunction } from './server-function.ts';
import type { Tables } from './tables.ts';

/** What `decideThrottle` computes, in PL/pgSQL: see there for the arithmetic. */
export function throttleFunction(tables: Tables): ServerFunction {
  const { throttle } = tables;
  const body = `#variable_conflict use_variable
DECLARE
  request jsonb; place integer; instant bigint; room bigint; excess bigint; wait bigint := 0; meter record;
  levels bigint[] := array_fill(0::bigint, ARRAY[jsonb_array_length(requests)]);
  ats bigint[] := array_fill(NULL::bigint, ARRAY[jsonb_array_length(requests)]);
  remaining jsonb := '[]'; level bigint; cost bigint; quota bigint; period bigint; at_later bigint;
BEGIN
  FOR request IN SELECT value FROM jsonb_array_elements(requests) ORDER BY (value ->> 'key') COLLATE "C" LOOP
    PERFORM 1 FROM ${throttle} WHERE key = request ->> 'key' FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO ${throttle} AS m (key, level, at, empty_at) VALUES (request ->> 'key', 0, 0, 0)
      ON CONFLICT (key) DO UPDATE SET key = m.key;
    END IF;
  END LOOP;
  instant := ${writeInstant('given')};
  FOR request, place IN SELECT value, ordinality FROM jsonb_array_elements(requests) WITH ORDINALITY LOOP
    quota := request ->> 'limit'; period := request ->> 'period'; cost := request ->> 'cost';
    SELECT m.level, m.at INTO meter FROM ${throttle} AS m WHERE m.key = request ->> 'key';
    IF meter.level > 0 THEN
      ats[place] := meter.at;
      IF instant - meter.at < period THEN
        levels[place] := greatest(0, meter.level - greatest(0, instant - meter.at) * quota);
      END IF;
    END IF;
    room := quota * period - levels[place];
    excess := cost * period - room;
    IF cost > 0 AND excess > 0 THEN
      wait := greatest(wait, greatest(0, coalesce(ats[place], instant) - instant) + (excess + quota - 1) / quota);
    END IF;
  END LOOP;
  FOR request, place IN SELECT value, ordinality FROM jsonb_array_elements(requests) WITH ORDINALITY LOOP
    quota := request ->> 'limit'; period := request ->> 'period'; cost := request ->> 'cost';
    level := levels[place];
    IF wait = 0 THEN
      level := greatest(0, level + cost * period);
      at_later := greatest(instant, coalesce(ats[place], instant));
      UPDATE ${throttle} AS m SET level = throttled.level, at = throttled.at, empty_at = throttled.empty_at
      FROM (SELECT level AS level, at_later AS at, at_later + (level + quota - 1) / quota AS empty_at) AS throttled
      WHERE m.key = request ->> 'key';
    END IF;
    remaining := remaining || to_jsonb((quota * period - level) / period);
  END LOOP;
  RETURN jsonb_build_object('allowed', wait = 0, 'retryAfterMs', wait, 'remaining', remaining);
END`;
  return serverFunction(tables, 'throttle', 'requests jsonb, given bigint', body, BY_KEY);
}
