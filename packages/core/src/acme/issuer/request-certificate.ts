import { AcmeError } from '../../errors/acme-error.ts';
import type { CertificateRequest, CertificateRequestResult } from '../../ports/issuer.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { untilAborted } from '../../store/until-aborted.ts';
import type { ClientContext } from '../client/client-context.ts';
import { checkRequest } from './checked-request.ts';
import type { IssuerContext } from './issuer-context.ts';
import { OrderLease } from './order-lease.ts';
import { BUSY_MS, runOrder } from './run-order.ts';

/** Refusals of a server that has opened nothing. */
const NOTHING_OPEN = ['ACME_REFUSED', 'ACME_UNSUPPORTED', 'ACME_EXTERNAL_ACCOUNT_REQUIRED'];

/** Answers a request of the `Issuer` port: with the certificate that it was answered with before, or by working on its order. */
export async function requestCertificate(
  context: IssuerContext,
  request: CertificateRequest,
): Promise<CertificateRequestResult> {
  const checked = await checkRequest(request, context.crypto);
  throwIfAborted(checked.signal);
  const turn = await OrderLease.take(context, checked);
  if (turn.kind === 'issued') return { chainPem: turn.chainPem };
  if (turn.kind === 'busy') return busy(context);
  const { lease, isFirst } = turn;
  const client = () => openAccount(context, checked.signal);
  try {
    return await runOrder({ context, request: checked, lease, isFirst, answered: new Set(), client });
  } catch (error) {
    const isOver = error instanceof AcmeError && NOTHING_OPEN.includes(error.code) && lease.value.state === 'placing';
    if (isOver && !lease.isOver && !(await lease.drop())) return busy(context);
    throw error;
  } finally {
    await lease.release();
  }
}

/** Another instance works on the order. */
function busy({ clock }: IssuerContext): CertificateRequestResult {
  return { pending: true, retryAt: new Date(clock.now() + BUSY_MS) };
}

/** The account is opened for all who ask meanwhile: this request's signal ends its own waiting alone. */
async function openAccount({ account }: IssuerContext, signal: AbortSignal | undefined): Promise<ClientContext> {
  if (signal === undefined) return account.open();
  try {
    return await untilAborted(account.open(), signal);
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}
