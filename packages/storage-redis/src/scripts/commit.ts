import { PRELUDE } from './prelude.ts';

/** Judges and applies a commit. The arguments are written by `commit.ts`. */
export const COMMIT = String.raw`${PRELUDE}
local watched = take_generations()
if not watched then return fault end

local function take_put(write)
  write.version, write.data, write.bytes = take(), take(), take() == '1' and take()
  write.expires, write.due, write.queue = take(), take(), take()
  write.expires = write.expires ~= '' and write.expires
  write.due = write.due ~= '' and write.due
  write.indexes, write.unique, write.constraints = {}, {}, {}
  for i = 1, take_count() * 3 do write.indexes[i] = take() end
  for i = 1, take_count() do write.constraints[i], write.unique[i] = take(), take() end
  write.lives = not write.expires or tonumber(write.expires) > now()
end

local writes, named = {}, {}
for w = 1, take_count() do
  local write = {at = w - 1, kind = take(), collection = take(), id = take(), condition = take()}
  if write.kind == 'p' then take_put(write) end
  write.before = load(write.collection, write.id)
  if not write.before then return fault end
  named[write.before.key] = write
  writes[w] = write
end

for _, write in ipairs(writes) do
  local condition = write.condition
  if condition ~= '' then
    local actual = is_live(write.before) and write.before.version or false
    local wanted = condition ~= '-' and string.sub(condition, 2)
    if actual ~= wanted then return {'version', write.at, actual} end
  end
end

-- Judged on the state that the commit would leave: documents may swap values in it.
local claims, first = {}, nil
local function refuse(claim)
  if not first or claim.at < first.at or (claim.at == first.at and claim.constraint < first.constraint) then
    first = claim
  end
end
for _, write in ipairs(writes) do
  if write.kind == 'p' and write.lives then
    for u, suffix in ipairs(write.unique) do
      local key = unique_key(write.collection, suffix)
      local claim = {at = write.at, constraint = write.constraints[u]}
      if claims[key] then refuse(claims[key]) else claims[key] = claim end
      if not fits(key, 'string') then return fault end
      local holder = redis.call('GET', key)
      if holder and holder ~= write.id then
        local other = named[document_key(write.collection, holder)]
        if not other or other.kind == 'c' then
          local document = load(write.collection, holder)
          if not document then return fault end
          if is_live(document) then refuse(claim) end
        end
      end
    end
  end
end
if first then return {'unique', first.at, first.constraint} end

-- What a put does to the indexes: keys and members in turn, to add and to remove. Of what stays where it is, nothing.
local function plan(write)
  local before, collection, id = write.before, write.collection, write.id
  local joins, leaves, left = {}, {}, {}
  for i = 1, #before.indexes, 3 do left[before.indexes[i]] = before.indexes[i + 1] end
  for i = 1, #write.indexes, 3 do
    local suffix, order = write.indexes[i], write.indexes[i + 1]
    if left[suffix] == order then
      left[suffix] = nil
    else
      joins[#joins + 1] = index_key(collection, suffix)
      joins[#joins + 1] = order .. id
    end
  end
  for suffix, order in pairs(left) do
    leaves[#leaves + 1] = index_key(collection, suffix)
    leaves[#leaves + 1] = order .. id
  end
  for i = 1, #joins, 2 do
    if not fits(joins[i], 'zset') then return false end
  end
  for i = 1, #leaves, 2 do
    if not fits(leaves[i], 'zset') then return false end
  end
  write.joins, write.leaves = joins, leaves
  local none = {}
  return entries_fit(collection, none, before.unique, before.due, before.queue, before.expires)
    and entries_fit(collection, none, write.unique, write.due, write.queue, write.expires)
end

for _, write in ipairs(writes) do
  if write.kind == 'p' and write.lives then
    if not plan(write) then return fault end
  elseif write.kind ~= 'c' then
    if not document_fits(write.before) then return fault end
  end
end

-- From here on nothing fails. Of a put the hash comes first: it is what a server out of memory refuses.
local function put(write)
  local before, collection, id = write.before, write.collection, write.id
  local entries = cmsgpack.pack({write.indexes, write.unique, write.bytes and 1 or 0})
  local fields = {'version', write.version, 'data', write.data, 'entries', entries}
  local function set(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if write.bytes then set('bytes', write.bytes) end
  if write.expires then set('expiresAt', write.expires) end
  if write.due then set('dueAt', write.due) end
  if write.queue ~= '' then set('dueQueue', write.queue) end
  redis.call('HSET', before.key, unpack(fields))
  if before.version then
    if before.bytes and not write.bytes then redis.call('HDEL', before.key, 'bytes') end
    if before.expires and not write.expires then redis.call('HDEL', before.key, 'expiresAt') end
    if before.due and not write.due then redis.call('HDEL', before.key, 'dueAt') end
    if before.queue ~= '' and write.queue == '' then redis.call('HDEL', before.key, 'dueQueue') end
  end

  for i = 1, #write.joins, 2 do redis.call('ZADD', write.joins[i], 0, write.joins[i + 1]) end
  for i = 1, #write.leaves, 2 do redis.call('ZREM', write.leaves[i], write.leaves[i + 1]) end

  if #before.unique + #write.unique > 0 then
    local held = {}
    for _, suffix in ipairs(write.unique) do held[suffix] = true end
    for _, suffix in ipairs(before.unique) do
      if not held[suffix] then release(before, suffix) end
    end
    for _, suffix in ipairs(write.unique) do redis.call('SET', unique_key(collection, suffix), id) end
  end

  if before.due and (not write.due or before.queue ~= write.queue) then
    redis.call('ZREM', queue_key(collection, before.queue), id)
  end
  if write.due then redis.call('ZADD', queue_key(collection, write.queue), write.due, id) end
  if write.expires then
    redis.call('ZADD', expiry_key, write.expires, collection .. ':' .. id)
  elseif before.expires then
    redis.call('ZREM', expiry_key, collection .. ':' .. id)
  end
end

local changed = {}
for _, write in ipairs(writes) do
  local told = write.kind == 'p' and write.lives
  if told then
    put(write)
  elseif write.kind ~= 'c' then
    -- What is expired on arrival must not take the values of a live document.
    told = remove(write.before)
  end
  if told and watched[write.collection] then
    local ids = changed[write.collection] or {}
    changed[write.collection] = ids
    ids[#ids + 1] = write.id
  end
end

-- A notice can neither fail nor delay the commit. Of many ids it says only that there were many.
for collection, ids in pairs(changed) do
  redis.pcall('PUBLISH', prefix .. 'w:' .. collection, #ids <= 30 and table.concat(ids, '\0') or '')
end
return {'ok'}
`;
