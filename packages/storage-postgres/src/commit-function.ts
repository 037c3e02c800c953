import { BY_KEY, commitStatements } from './commit-statements.ts';
import { writeInstant } from './documents.ts';
import { literal } from './identifiers.ts';
import { RIVAL, type ServerFunction, serverFunction } from './server-function.ts';
import type { Tables } from './tables.ts';

const MISSED = `RAISE EXCEPTION 'another commit wrote first' USING ERRCODE = '${RIVAL}';`;

/**
 * The commit as a function of the server: one round trip, and plans that the server keeps. It does what `commitStepwise`
 * does.
 *
 * Each statement within sees what was committed before it (READ COMMITTED, volatile), and the locks that come first hold
 * until the end. The steps that touch the table of a collection are a function of that collection.
 */
export function commitFunction(tables: Tables): ServerFunction {
  const statements = commitStatements(tables);
  const steps = (phase: string, present = 'NULL::jsonb') =>
    `EXECUTE format('SELECT %I.%I($1, $2, $3, $4)', ${literal(tables.schema)}, part ->> 'steps')
      INTO answer USING part, given, ${present}, '${phase}';`;
  // The parameters are $1 and $2 to the statements.
  const body = `#variable_conflict use_column
DECLARE
  part jsonb; answer jsonb; counted bigint; older text; judged jsonb; worst jsonb;
  locks jsonb := '{}'; there jsonb := '{}';
BEGIN
  FOR part IN SELECT value FROM jsonb_array_elements($1 -> 'parts') LOOP
    ${steps('lock')}
    locks := locks || jsonb_build_object(part ->> 'name', answer);
  END LOOP;
  ${statements.generations} INTO older;
  IF older IS NOT NULL THEN RETURN jsonb_build_object('stale', older); END IF;
  given := ${writeInstant('given')};
  FOR part IN SELECT value FROM jsonb_array_elements($1 -> 'parts') LOOP
    ${steps('judge')}
    IF answer -> 'found' <> locks -> (part ->> 'name') THEN ${MISSED} END IF;
    there := there || jsonb_build_object(part ->> 'name', answer -> 'present');
    judged := answer -> 'fault';
    IF jsonb_typeof(judged) = 'object' AND (worst IS NULL OR (judged ->> 'at')::integer < (worst ->> 'at')::integer) THEN
      worst := judged;
    END IF;
  END LOOP;
  IF worst IS NOT NULL THEN RETURN jsonb_build_object('version', worst); END IF;
  IF jsonb_array_length($1 -> 'rewritten') > 0 THEN
    ${statements.lockUnique} INTO counted;
    ${statements.judgeUnique} INTO judged;
    IF judged IS NOT NULL THEN RETURN jsonb_build_object('unique', judged); END IF;
    ${statements.freeUnique} INTO counted;
    ${statements.takeUnique} INTO counted;
    IF counted > 0 THEN ${MISSED} END IF;
  END IF;
  FOR part IN SELECT value FROM jsonb_array_elements($1 -> 'parts') LOOP
    ${steps('write', `there -> (part ->> 'name')`)}
  END LOOP;
  RETURN '{}'::jsonb;
END`;
  return serverFunction(tables, 'commit', 'request jsonb, given bigint', body, BY_KEY);
}

/** The steps of a commit on the table of one collection. */
export function stepsFunction(tables: Tables, collection: string): ServerFunction {
  const statements = commitStatements(tables);
  const own = (name: keyof typeof statements) => statements[name].replaceAll('%1$s', () => tables.of(collection));
  const lock = (name: 'lockForShare' | 'lockForUpdate') => own(name).replaceAll('$1::jsonb', `(stretch -> 'ids')`);
  const body = `#variable_conflict use_column
DECLARE
  stretch jsonb; counted bigint; locks bigint := 0; ids jsonb; judged jsonb;
BEGIN
  IF phase = 'lock' THEN
    FOR stretch IN SELECT value FROM jsonb_array_elements($1 -> 'locks') LOOP
      IF (stretch ->> 'share')::boolean THEN
        ${lock('lockForShare')} INTO counted;
      ELSE
        ${lock('lockForUpdate')} INTO counted;
      END IF;
      locks := locks + counted;
    END LOOP;
    RETURN to_jsonb(locks);
  END IF;
  IF phase = 'judge' THEN
    ${own('judge')} INTO counted, ids, judged;
    RETURN jsonb_build_object('found', counted, 'present', ids, 'fault', judged);
  END IF;
  ${own('put')} INTO counted;
  IF counted > 0 THEN ${MISSED} END IF;
  IF (part ->> 'removes')::boolean THEN
    ${own('remove')} INTO counted;
  END IF;
  RETURN NULL;
END`;
  return serverFunction(tables, `steps_${collection}`, 'part jsonb, given bigint, present jsonb, phase text', body);
}
