import { PRELUDE } from './prelude.ts';

/** Removes expired documents, the earliest first, at most `limit`. */
export const SWEEP = `${PRELUDE}
local limit = take_count()
if not fits(expiry_key, 'zset') then return fault end
-- One beyond the limit tells whether more are left.
local members = redis.call('ZRANGEBYSCORE', expiry_key, '-inf', integer(now()), 'LIMIT', 0, limit + 1)
local documents = {}
for i = 1, math.min(limit, #members) do
  local split = string.find(members[i], ':', 1, true)
  if not split then return {'foreign', expiry_key, 'zset'} end
  local document = load(string.sub(members[i], 1, split - 1), string.sub(members[i], split + 1))
  if not document then return fault end
  if not document.expires or document.expires > now() then return {'foreign', expiry_key, 'zset'} end
  if not document_fits(document) then return fault end
  documents[i] = document
end
for _, document in ipairs(documents) do remove(document) end
return {'ok', #documents, #members > limit and 1 or 0}
`;
