import type { Setting } from './clients.ts';

/** Looks at every key of a namespace: whether documents and what finds them agree, both ways. Returns what disagrees. */
const AUDIT = `
local prefix = string.sub(KEYS[1], 1, -7)
local faults, documents = {}, 0
local cursor = '0'
repeat
  local step = redis.call('SCAN', cursor, 'MATCH', prefix .. '*', 'COUNT', 1000)
  cursor = step[1]
  for _, key in ipairs(step[2]) do
    local kind, collection, rest = string.match(string.sub(key, #prefix + 1), '^(%a):([^:]*):(.*)$')
    if kind == 'd' then
      documents = documents + 1
      local f = redis.call('HMGET', key, 'entries', 'dueAt', 'dueQueue', 'expiresAt')
      local entries = cmsgpack.unpack(f[1])
      for i = 1, #entries[1], 3 do
        if not redis.call('ZSCORE', prefix .. 'i:' .. collection .. ':' .. entries[1][i], entries[1][i + 1] .. rest) then
          faults[#faults + 1] = key .. ' is not in index ' .. entries[1][i]
        end
      end
      for _, suffix in ipairs(entries[2]) do
        local holder = redis.call('GET', prefix .. 'u:' .. collection .. ':' .. suffix)
        if holder ~= rest and not f[4] then faults[#faults + 1] = key .. ' does not hold ' .. suffix end
      end
      if f[2] and redis.call('ZSCORE', prefix .. 'q:' .. collection .. ':' .. (f[3] or ''), rest) ~= f[2] then
        faults[#faults + 1] = key .. ' is not in its queue'
      end
      if f[4] and redis.call('ZSCORE', prefix .. 'x', collection .. ':' .. rest) ~= f[4] then
        faults[#faults + 1] = key .. ' is not among those that expire'
      end
    elseif kind == 'i' then
      for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        local packed = redis.call('HGET', prefix .. 'd:' .. collection .. ':' .. string.sub(member, 9), 'entries')
        local found = false
        for i = 1, packed and #cmsgpack.unpack(packed)[1] or 0, 3 do
          local indexes = cmsgpack.unpack(packed)[1]
          if indexes[i] == rest and indexes[i + 1] == string.sub(member, 1, 8) then found = true end
        end
        if not found then faults[#faults + 1] = key .. ' holds a stray member' end
      end
    elseif kind == 'u' then
      if redis.call('EXISTS', prefix .. 'd:' .. collection .. ':' .. redis.call('GET', key)) == 0 then
        faults[#faults + 1] = key .. ' is held by nobody'
      end
    elseif kind == 'q' then
      for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        if not redis.call('HGET', prefix .. 'd:' .. collection .. ':' .. id, 'dueAt') then
          faults[#faults + 1] = key .. ' holds a stray id'
        end
      end
    end
  end
until cursor == '0'
return {documents, faults}
`;

/** Whether documents and index entries agree. */
export async function audit(
  { command }: Pick<Setting, 'command'>,
  namespace: string,
): Promise<{ documents: number; faults: readonly string[] }> {
  const key = `{${namespace}}:schema`;
  const [documents, faults] = (await command(key, 'EVAL', AUDIT, '1', key)) as [number, string[]];
  return { documents, faults };
}
