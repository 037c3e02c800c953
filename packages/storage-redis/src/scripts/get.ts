import { PRELUDE } from './prelude.ts';

/** Reads documents in one snapshot. */
export const GET = `${PRELUDE}
local found = {}
for i = 1, take_count() do
  local key = document_key(take(), take())
  local fields = redis.pcall('HMGET', key, 'version', 'data', 'expiresAt', 'dueAt', 'dueQueue', 'bytes')
  if fields.err or not fields[1] or not fields[2] then
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'none' then return {'foreign', key, kind} end
    found[i] = false
  else
    found[i] = (not fields[3] or tonumber(fields[3]) > now()) and fields
  end
end
return {'ok', found}
`;
