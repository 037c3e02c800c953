import type { Write } from '../../ports/storage.ts';
import { boundTo } from '../tokens/confirmation.ts';
import type { SessionContext } from './session-context.ts';
import type { SessionValue } from './session-record.ts';

/** Why a session ended before its time. */
export type SessionEndReason = 'logout' | 'evicted' | 'refresh token reused';

/** A session is opened once and ended once: its events have these revisions. */
const REVISIONS = { 'session.opened': 1, 'session.ended': 2 } as const;

/** The event of a session that is opened, for the same commit; none without an event log. */
export function sessionOpened(context: SessionContext, sessionId: string, session: SessionValue): Write[] {
  return sessionEvent(context, 'session.opened', sessionId, session, { boundTo: boundTo(session.confirmation) });
}

/** The event of a session that is ended, for the same commit; none without an event log. */
export function sessionEnded(
  context: SessionContext,
  sessionId: string,
  session: SessionValue,
  reason: SessionEndReason,
): Write[] {
  return sessionEvent(context, 'session.ended', sessionId, session, { reason });
}

// Neither address nor user agent: they are personal, and an event log cannot be made to forget.
function sessionEvent(
  { events }: SessionContext,
  type: keyof typeof REVISIONS,
  sessionId: string,
  { accountId }: SessionValue,
  data: Readonly<Record<string, string | readonly string[]>>,
): Write[] {
  if (events === undefined) return [];
  const facts = { type, source: '/accounts', subject: sessionId, subjectRevision: REVISIONS[type] };
  return [events.write({ ...facts, data: { accountId, sessionId, ...data } })];
}
