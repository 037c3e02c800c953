import { PRELUDE } from './prelude.ts';

/** Reads the schema, and the time. */
export const READ_SCHEMA = `${PRELUDE}
if not fits(schema, 'hash') then return fault end
return {'ok', integer(now()), redis.call('HGETALL', schema)}
`;

/** Changes fields of the schema, if it is still at a revision; the revision rises. */
export const CHANGE_SCHEMA = `${PRELUDE}
local revision, lease = take(), take_count()
if not fits(schema, 'hash') then return fault end
if (redis.call('HGET', schema, 'revision') or '0') ~= revision then return {'raced'} end
for _ = 1, take_count() do redis.call('HSET', schema, take(), take()) end
for _ = 1, take_count() do redis.call('HDEL', schema, take()) end
if lease > 0 then redis.call('HSET', schema, 'pendingUntil', integer(now() + lease)) end
redis.call('HINCRBY', schema, 'revision', 1)
return {'ok'}
`;

/** Reads live documents of a collection in the order of the keyspace, some at a time. */
export const SCAN = `${PRELUDE}
local collection, cursor, count = take(), take(), take()
local start = document_key(collection, '')
local step = redis.call('SCAN', cursor, 'MATCH', start .. '*', 'COUNT', count)
local found = {}
for _, key in ipairs(step[2]) do
  local fields = redis.pcall('HMGET', key, 'version', 'data', 'dueAt', 'expiresAt')
  if fields.err or not fields[1] or not fields[2] then
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'none' then return {'foreign', key, kind} end
  elseif not fields[4] or tonumber(fields[4]) > now() then
    found[#found + 1] = {string.sub(key, #start + 1), fields[2], fields[3]}
  end
end
return {'ok', step[1], found}
`;

/**
 * Adds entries of new indexes and constraints to documents. Nobody else writes to the collection meanwhile, since its generation
 * has been raised; a value that another live document holds is a contradiction.
 */
export const FILL = `${PRELUDE}
local revision, lease = take(), take_count()
if redis.call('HGET', schema, 'revision') ~= revision then return {'raced'} end
local collection = take()
local additions, holders = {}, {}
for i = 1, take_count() do
  local id = take()
  local addition = {indexes = {}, unique = {}, constraints = {}}
  for e = 1, take_count() * 3 do addition.indexes[e] = take() end
  for u = 1, take_count() do addition.constraints[u], addition.unique[u] = take(), take() end
  addition.document = load(collection, id)
  if not addition.document then return fault end
  if not entries_fit(collection, addition.indexes, addition.unique) then return fault end
  for u, suffix in ipairs(addition.unique) do
    local holder = holders[suffix] or redis.call('GET', unique_key(collection, suffix))
    if holder and holder ~= id then
      local other = load(collection, holder)
      if not other then return fault end
      if is_live(other) and is_live(addition.document) then
        return {'taken', id, holder, addition.constraints[u]}
      end
    end
    holders[suffix] = id
  end
  additions[i] = addition
end

for _, addition in ipairs(additions) do
  local document = addition.document
  if is_live(document) then
    local known = {}
    for e = 1, #document.indexes, 3 do known[document.indexes[e]] = true end
    for e = 1, #addition.indexes, 3 do
      local suffix, order = addition.indexes[e], addition.indexes[e + 1]
      if not known[suffix] then
        for part = 0, 2 do document.indexes[#document.indexes + 1] = addition.indexes[e + part] end
      end
      redis.call('ZADD', index_key(collection, suffix), 0, order .. document.id)
    end
    local held = {}
    for _, suffix in ipairs(document.unique) do held[suffix] = true end
    for _, suffix in ipairs(addition.unique) do
      if not held[suffix] then document.unique[#document.unique + 1] = suffix end
      redis.call('SET', unique_key(collection, suffix), document.id)
    end
    redis.call('HSET', document.key, 'entries', cmsgpack.pack({document.indexes, document.unique, document.bytes and 1 or 0}))
  end
end
redis.call('HSET', schema, 'pendingUntil', integer(now() + lease))
return {'ok'}
`;

/** Takes entries of indexes and constraints out of documents again: those whose key begins with one of the names. */
export const UNFILL = `${PRELUDE}
local revision, lease = take(), take_count()
if redis.call('HGET', schema, 'revision') ~= revision then return {'raced'} end
local collection = take()
local indexes, unique = {}, {}
for _ = 1, take_count() do indexes[take()] = true end
for _ = 1, take_count() do unique[take()] = true end
local function name_of(suffix)
  return string.sub(suffix, 1, string.find(suffix, ':', 1, true) - 1)
end
local documents = {}
for i = 1, take_count() do
  documents[i] = load(collection, take())
  if not documents[i] or not document_fits(documents[i]) then return fault end
end
for _, document in ipairs(documents) do
  if document.version then
    local kept, held = {}, {}
    for e = 1, #document.indexes, 3 do
      if indexes[name_of(document.indexes[e])] then
        redis.call('ZREM', index_key(collection, document.indexes[e]), document.indexes[e + 1] .. document.id)
      else
        for part = 0, 2 do kept[#kept + 1] = document.indexes[e + part] end
      end
    end
    for _, suffix in ipairs(document.unique) do
      if unique[name_of(suffix)] then release(document, suffix) else held[#held + 1] = suffix end
    end
    redis.call('HSET', document.key, 'entries', cmsgpack.pack({kept, held, document.bytes and 1 or 0}))
  end
end
redis.call('HSET', schema, 'pendingUntil', integer(now() + lease))
return {'ok'}
`;
