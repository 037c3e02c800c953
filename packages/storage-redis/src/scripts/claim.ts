import { PRELUDE } from './prelude.ts';

/** Leases due documents, and removes the expired ones that stand before them in the queue. */
export const CLAIM = `${PRELUDE}
if not take_generations() then return fault end
local collection, queue, limit, lease, version = take(), take(), take_count(), take_count(), take()
local page_bytes, most_visited = take_count(), take_count()
local key = queue_key(collection, queue)
if not fits(key, 'zset') then return fault end

local due, expired, size, visited, full = {}, {}, 0, 0, false
while not full do
  local wanted = math.min(limit - #due, 100)
  local ids = redis.call('ZRANGEBYSCORE', key, '-inf', integer(now()), 'LIMIT', visited, wanted)
  for _, id in ipairs(ids) do
    local document = load(collection, id, 'data', 'bytes')
    if not document then return fault end
    if not document.version then return {'foreign', key, 'zset'} end
    if not document_fits(document) then return fault end
    if is_live(document) then
      local data, bytes = document.fields[6], document.fields[7]
      size = size + (data and #data or 0) + (bytes and #bytes or 0)
      full = #due > 0 and size > page_bytes
      if full then break end
      due[#due + 1] = document
    else
      expired[#expired + 1] = document
    end
    visited = visited + 1
    full = #due == limit or #expired == most_visited
    if full then break end
  end
  if #ids < wanted then break end
end

-- Eight characters whose order is that of the integers: see order-text.ts.
local function order_text(order)
  local high = math.floor(order / 268435456)
  local low = order - high * 268435456
  local text = {}
  for place, half in ipairs({high + 33554432, low}) do
    for digit = 0, 3 do
      local scale = 2 ^ (21 - 7 * digit)
      local value = math.floor(half / scale) % 128
      text[(place - 1) * 4 + digit + 1] = string.char(value)
    end
  end
  return table.concat(text)
end

-- The first write is one that a server out of memory refuses.
local until_text = integer(now() + lease)
local order = order_text(now() + lease)
local claimed, queued = {}, {}
for i, document in ipairs(due) do
  local indexes = document.indexes
  local moves = {}
  for e = 1, #indexes, 3 do
    if indexes[e + 2] == '1' then
      moves[#moves + 1] = {index_key(collection, indexes[e]), indexes[e + 1] .. document.id}
      indexes[e + 1] = order
    end
  end
  local own = version .. '-' .. i
  redis.call('HSET', document.key, 'version', own, 'dueAt', until_text)
  if #moves > 0 then redis.call('HSET', document.key, 'entries', cmsgpack.pack({indexes, document.unique, document.bytes and 1 or 0})) end
  queued[2 * i - 1], queued[2 * i] = until_text, document.id
  for _, move in ipairs(moves) do
    redis.call('ZREM', move[1], move[2])
    redis.call('ZADD', move[1], 0, order .. document.id)
  end
  local fields = document.fields
  claimed[i] = {own, fields[6], fields[2], until_text, fields[4], fields[7], document.id}
end
if #queued > 0 then redis.call('ZADD', key, unpack(queued)) end
for _, document in ipairs(expired) do remove(document) end
return {'ok', claimed, (#claimed == 0 and #expired == most_visited) and 1 or 0}
`;
