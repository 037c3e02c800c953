import { ConflictError, InvalidInputError, type RecordVault, SealError } from '@chancery/core';
import { z } from 'zod';
import { entityTag, preconditionFailed } from '../../conditional/entity-tag.ts';
import { type Answer, content, json, noContent } from '../../exchange/answer.ts';
import { pageAnswer, pageOf, pageOptions, pageQuery } from '../../pagination/page.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { signedIn } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { booleanParameter } from '../../routing/parameters.ts';
import { defined } from '../defined.ts';
import { rangeOf, recordKey, storeHeaders, versionOf } from './record-headers.ts';
import { recordId, recordSchema, showRecord, storedRecordSchema } from './record-schemas.ts';

const tag = 'records';
const tagged = { ETag: 'The version of the record.' };
const stored = { schema: storedRecordSchema, headers: tagged };

/** Sealed records of who asks: the owner is always the account of the token. */
export function recordOperations(vault: RecordVault): Operation[] {
  return [
    operation({
      id: 'listRecords',
      tag,
      method: 'GET',
      path: '/records',
      summary: 'Lists one’s records, those that were first stored earliest first.',
      access: signedIn,
      query: z.strictObject({ ...pageQuery, deleted: booleanParameter.optional() }),
      answers: { 200: { description: 'A page of records.', schema: pageOf(recordSchema) } },
      handle({ incoming, principal, query: { deleted, ...page }, signal }) {
        const options = { ownerId: principal.accountId, ...pageOptions(page), ...defined({ deleted }), signal };
        return pageAnswer(incoming, vault.list(options), showRecord);
      },
    }),
    operation({
      id: 'storeRecord',
      tag,
      method: 'PUT',
      path: '/records/{recordId}',
      summary: 'Stores a record, or its next version.',
      description:
        'The body is the content, of any type and in any number of pieces. The key that the answer holds is kept nowhere.',
      access: signedIn,
      conditional: ['if-match', 'if-none-match'],
      params: recordId,
      headers: {
        'Record-Key-Mode': 'Whose key opens it: `user` (the default), `managed` or `dual`.',
        'Record-Expires-At': 'From then on it is gone: ISO 8601.',
        'Record-Max-Reads': 'How often it can be read.',
        'If-Match': 'The version that must be there.',
        'If-None-Match': '`*`: none may be there.',
      },
      body: { kind: 'stream' },
      answers: {
        200: { ...stored, description: 'The next version is stored.' },
        201: { ...stored, description: 'The first version is stored.' },
      },
      async handle({ incoming, principal, params, body, signal }) {
        const options = storeHeaders(incoming);
        const storing = vault.store({
          ownerId: principal.accountId,
          recordId: params.recordId,
          data: body as AsyncIterable<Uint8Array>,
          ...options,
          signal,
        });
        const {
          recordId: id,
          version,
          key,
        } = await storing.catch((error: unknown) => {
          throw failedCondition(error, 'ifVersion' in options);
        });
        const status = version === 1 ? 201 : 200;
        return json({ recordId: id, version, key }, { status, headers: ['etag', entityTag(version)] });
      },
    }),
    operation({
      id: 'retrieveRecord',
      tag,
      method: 'GET',
      path: '/records/{recordId}',
      summary: 'Reads a record, or a range of it.',
      access: signedIn,
      // A read may be counted: nothing but a read may cause one.
      noHead: true,
      params: recordId,
      headers: {
        'Record-Key': 'What storing gave, for a record in `user` or `dual` mode.',
        Range: 'One range of bytes. With `If-Range` it is the whole.',
        'If-Match': 'The version that must be there.',
      },
      answers: {
        200: { description: 'The content.', type: '*/*', headers: tagged },
        206: { description: 'The range.', type: '*/*', headers: { ...tagged, 'Content-Range': 'Which part it is.' } },
      },
      async handle({ incoming, principal, params, signal }) {
        const range = rangeOf(incoming);
        const version = versionOf(incoming);
        const options = defined({ key: recordKey(incoming), range, version });
        const reading = vault.retrieveStream({
          ownerId: principal.accountId,
          recordId: params.recordId,
          ...options,
          signal,
        });
        const record = await reading.catch((error: unknown) => {
          throw refusedKey(failedCondition(error, version !== undefined));
        });
        if (range !== undefined && range.start >= record.contentLength) {
          await record.stream.cancel();
          throw unsatisfiable(range.start, record.contentLength);
        }
        return recordAnswer(record, range);
      },
    }),
    operation({
      id: 'retrieveSealedRecord',
      tag,
      method: 'GET',
      path: '/records/{recordId}/sealed',
      summary: 'Hands a record over as it is sealed, for its user to open: the key never comes here.',
      access: signedIn,
      noHead: true,
      params: recordId,
      answers: {
        200: {
          description: 'The sealed bytes, for `openRecord` of `@chancery/core/vault`.',
          type: 'application/octet-stream',
          headers: { ...tagged, 'Record-Place': 'What the record is bound to: JSON in base64url.' },
        },
      },
      async handle({ principal, params, signal }) {
        const { accountId: ownerId } = principal;
        const { place, sealedLength, stream } = await vault.retrieveSealed({ ownerId, ...params, signal });
        return content('application/octet-stream', stream, {
          headers: [
            'content-length',
            String(sealedLength),
            'record-place',
            base64Url(JSON.stringify(place)),
            'etag',
            entityTag(place.version),
          ],
        });
      },
    }),
    operation({
      id: 'deleteRecord',
      tag,
      method: 'DELETE',
      path: '/records/{recordId}',
      summary: 'Deletes a record. For a while it can be brought back.',
      access: signedIn,
      conditional: ['if-match'],
      params: recordId,
      headers: { 'If-Match': 'The version that must be there.' },
      answers: { 204: { description: 'It cannot be read any more.' } },
      async handle({ incoming, principal, params, signal }) {
        const ifVersion = versionOf(incoming);
        const deleting = vault.delete({ ownerId: principal.accountId, ...params, ...defined({ ifVersion }), signal });
        await deleting.catch((error: unknown) => {
          throw failedCondition(error, ifVersion !== undefined);
        });
        return noContent();
      },
    }),
    operation({
      id: 'undeleteRecord',
      tag,
      method: 'POST',
      path: '/records/{recordId}/undelete',
      summary: 'Brings a deleted record back, as it was.',
      access: signedIn,
      params: recordId,
      answers: { 204: { description: 'It is back.' } },
      async handle({ principal, params, signal }) {
        await vault.undelete({ ownerId: principal.accountId, ...params, signal });
        return noContent();
      },
    }),
  ];
}

/** Whatever its type says, it is saved and not shown: the content is anybody’s, and a page of this origin it must not be. */
function recordAnswer(
  record: Awaited<ReturnType<RecordVault['retrieveStream']>>,
  range: ReturnType<typeof rangeOf>,
): Answer {
  const { stream, version, contentType = 'application/octet-stream', contentLength, keyMode, readsLeft } = record;
  const headers = [
    'etag',
    entityTag(version),
    'content-disposition',
    'attachment',
    'accept-ranges',
    'bytes',
    'record-key-mode',
    keyMode,
    ...(readsLeft === undefined ? [] : ['record-reads-left', String(readsLeft)]),
  ];
  if (range === undefined) {
    return content(contentType, stream, { headers: [...headers, 'content-length', String(contentLength)] });
  }
  const end = Math.min(range.end ?? contentLength, contentLength);
  const part = ['content-range', `bytes ${range.start}-${end - 1}/${contentLength}`];
  return content(contentType, stream, {
    status: 206,
    headers: [...headers, ...part, 'content-length', String(end - range.start)],
  });
}

/** Told before the answer begins: a stream could only break off. */
function unsatisfiable(start: number, length: number): InvalidInputError {
  const message = `The range begins at ${start}, the content has ${length} bytes`;
  return new InvalidInputError('RANGE_NOT_SATISFIABLE', message);
}

function failedCondition(error: unknown, hadCondition: boolean): unknown {
  const isVersion = error instanceof ConflictError && error.code === 'RECORD_VERSION_CONFLICT';
  return isVersion && hadCondition ? preconditionFailed() : error;
}

/** A key that does not fit and a record that was tampered with look the same; neither is told from the other. */
function refusedKey(error: unknown): unknown {
  if (!(error instanceof SealError) || error.code !== 'SEAL_OPEN_FAILED') return error;
  return new HttpProblem('RECORD_KEY_REFUSED', 'The record does not open with this key', { cause: error });
}

function base64Url(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
