/**
 * What the scripts share. A script gets the schema's key, from which all others follow, and a flat list of arguments that
 * `take` reads one after the other.
 *
 * A script that fails keeps what it has written. So every script looks at all keys first, and a fault that it finds is
 * returned before the first write; `data` is never decoded, since Lua's JSON changes large integers and empty arrays.
 */
export const PRELUDE = `
local schema = KEYS[1]
local prefix = string.sub(schema, 1, -7)
local taken = 0
local fault = false

local function take()
  taken = taken + 1
  return ARGV[taken]
end

local function take_count()
  return tonumber(take())
end

local function integer(number)
  return string.format('%.0f', number)
end

local instant = tonumber(take())

-- The host's clock where one is injected, else the server's. Asked for only where something hangs on it, and one instant
-- for the whole script.
local function now()
  if not instant then
    local time = redis.call('TIME')
    instant = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  return instant
end

local seen_types = {}

-- Whether a key is absent or of the type that is wanted.
local function fits(key, wanted)
  local kind = seen_types[key]
  if not kind then
    kind = redis.call('TYPE', key).ok
    seen_types[key] = kind
  end
  if kind == 'none' or kind == wanted then return true end
  fault = {'foreign', key, kind}
  return false
end

local function document_key(collection, id)
  return prefix .. 'd:' .. collection .. ':' .. id
end

local function index_key(collection, suffix)
  return prefix .. 'i:' .. collection .. ':' .. suffix
end

local function unique_key(collection, suffix)
  return prefix .. 'u:' .. collection .. ':' .. suffix
end

local function queue_key(collection, queue)
  return prefix .. 'q:' .. collection .. ':' .. queue
end

local expiry_key = prefix .. 'x'

-- The upkeep of a document: everything but what readers get, and that too where it is asked for. nil, with a fault set,
-- for what is no document.
local function load(collection, id, ...)
  local key = document_key(collection, id)
  local fields = redis.pcall('HMGET', key, 'version', 'expiresAt', 'dueAt', 'dueQueue', 'entries', ...)
  if fields.err or not fields[1] or not fields[5] then
    local kind = redis.call('TYPE', key).ok
    if kind ~= 'none' then
      fault = {'foreign', key, kind}
      return nil
    end
    return {key = key, collection = collection, id = id, indexes = {}, unique = {}}
  end
  local entries = cmsgpack.unpack(fields[5])
  return {
    key = key, collection = collection, id = id, version = fields[1],
    expires = fields[2] and tonumber(fields[2]), due = fields[3], queue = fields[4] or '',
    indexes = entries[1], unique = entries[2], bytes = entries[3] == 1, fields = fields,
  }
end

local function is_live(document)
  return document.version and (not document.expires or document.expires > now())
end

-- Whether every key that finds a document is of its type. Entries of an index come in threes: key, order, and whether
-- the order is dueAt.
local function entries_fit(collection, indexes, unique, due, queue, expires)
  for i = 1, #indexes, 3 do
    if not fits(index_key(collection, indexes[i]), 'zset') then return false end
  end
  for i = 1, #unique do
    if not fits(unique_key(collection, unique[i]), 'string') then return false end
  end
  if due and not fits(queue_key(collection, queue), 'zset') then return false end
  return not expires or fits(expiry_key, 'zset')
end

local function document_fits(document)
  local d = document
  return entries_fit(d.collection, d.indexes, d.unique, d.due, d.queue, d.expires)
end

-- A value that another document has taken since, in a swap or after expiry, stays with it.
local function release(document, suffix)
  local key = unique_key(document.collection, suffix)
  if redis.call('GET', key) == document.id then redis.call('DEL', key) end
end

local function remove(document)
  if not document.version then return false end
  local collection, id = document.collection, document.id
  redis.call('DEL', document.key)
  for i = 1, #document.indexes, 3 do
    redis.call('ZREM', index_key(collection, document.indexes[i]), document.indexes[i + 1] .. id)
  end
  for i = 1, #document.unique do release(document, document.unique[i]) end
  if document.due then redis.call('ZREM', queue_key(collection, document.queue), id) end
  if document.expires then redis.call('ZREM', expiry_key, collection .. ':' .. id) end
  return true
end

-- Takes names and generations of collections. Whether they are as this instance opened them.
local function take_generations()
  local watched = {}
  for _ = 1, take_count() do
    local collection, generation = take(), take()
    local stored = redis.call('HMGET', schema, 'generation:' .. collection, 'watch:' .. collection, 'layout')
    if stored[3] ~= '1' or stored[1] ~= generation then
      fault = {'stale', collection, stored[1], stored[3]}
      return nil
    end
    watched[collection] = stored[2] == '1'
  end
  return watched
end
`;
