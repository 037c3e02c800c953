import { PRELUDE } from './prelude.ts';

/** Reads one page of an index. The bounds are those of ZRANGEBYLEX, the lower one first. */
export const QUERY = `${PRELUDE}
local collection, suffix, descending = take(), take(), take() == '1'
local low, high, limit, with_bytes = take(), take(), take_count(), take() == '1'
local page_bytes, most_visited = take_count(), take_count()
local key = index_key(collection, suffix)
if not fits(key, 'zset') then return fault end

local found, size, visited, last = {}, 0, 0, false
while true do
  local wanted = math.min(limit + 1 - #found, 100)
  local members
  if descending then
    members = redis.call('ZREVRANGEBYLEX', key, high, low, 'LIMIT', 0, wanted)
  else
    members = redis.call('ZRANGEBYLEX', key, low, high, 'LIMIT', 0, wanted)
  end
  for _, member in ipairs(members) do
    -- Expired documents that were not swept must not hold the server up: the page ends, and the next goes on.
    if visited >= most_visited then return {'ok', found, last} end
    local document = document_key(collection, string.sub(member, 9))
    local fields
    if with_bytes then
      fields = redis.pcall('HMGET', document, 'version', 'data', 'expiresAt', 'dueAt', 'dueQueue', 'bytes')
    else
      fields = redis.pcall('HMGET', document, 'version', 'data', 'expiresAt', 'dueAt', 'dueQueue')
    end
    if fields.err or not fields[1] or not fields[2] then return {'foreign', document, redis.call('TYPE', document).ok} end
    if not fields[3] or tonumber(fields[3]) > now() then
      size = size + #fields[2] + (fields[6] and #fields[6] or 0)
      if #found == limit or (#found > 0 and size > page_bytes) then return {'ok', found, last} end
      fields[6] = fields[6] or false
      fields[7] = member
      found[#found + 1] = fields
    end
    visited = visited + 1
    last = member
  end
  if #members < wanted then return {'ok', found, false} end
  if descending then high = '(' .. last else low = '(' .. last end
end
`;

/** Counts a stretch of an index, at once where nothing in the namespace has expired, else in steps. */
export const COUNT = `${PRELUDE}
local collection, suffix = take(), take()
local low, high, up_to, most_visited = take(), take(), take_count(), take_count()
local key = index_key(collection, suffix)
if not fits(key, 'zset') or not fits(expiry_key, 'zset') then return fault end
if redis.call('ZCOUNT', expiry_key, '-inf', integer(now())) == 0 then
  return {'ok', integer(math.min(up_to, redis.call('ZLEXCOUNT', key, low, high))), false}
end
local members = redis.call('ZRANGEBYLEX', key, low, high, 'LIMIT', 0, most_visited)
local count = 0
for _, member in ipairs(members) do
  local expires = redis.pcall('HGET', document_key(collection, string.sub(member, 9)), 'expiresAt')
  if type(expires) == 'table' then
    return {'foreign', document_key(collection, string.sub(member, 9)), 'no hash'}
  end
  if not expires or tonumber(expires) > now() then count = count + 1 end
  if count == up_to then break end
end
local more = count < up_to and #members == most_visited and members[#members]
return {'ok', integer(count), more}
`;
