import { PRELUDE } from './prelude.ts';

/**
 * Tells what a server is like: the sections of INFO, the digests of the scripts given, a token that no other instance gets,
 * and which of the commands that scripts use it denies to this user. Denied in the middle of a commit, one would leave half of
 * it.
 *
 * The token holds the server's run id, so that a counter that was lost with a failover cannot repeat it.
 */
export const INSPECT = String.raw`${PRELUDE}
local info = {}
for _, section in ipairs({'server', 'memory', 'replication', 'persistence'}) do
  local text = redis.pcall('INFO', section)
  info[#info + 1] = type(text) == 'string' and text or ''
end

local digests = {}
for i = 1, take_count() do digests[i] = redis.sha1hex(take()) end

local probe = prefix .. 'probe'
redis.pcall('DEL', probe)
local denied = {}
local function try(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then
    local text = string.upper(answer.err)
    -- The words for it differ from version to version.
    for _, word in ipairs({'NOPERM', 'ACL FAILURE', 'CAN\'T RUN', 'CAN\'T ACCESS', 'UNKNOWN'}) do
      if string.find(text, word, 1, true) then
        denied[#denied + 1] = select(1, ...)
        break
      end
    end
  end
  return answer
end
local time = try('TIME')
local count = try('INCR', prefix .. 'instances')
local failed = type(count) == 'table' and count.err or ''
if failed == '' then
  try('HSET', probe, 'a', '1')
  try('HMGET', probe, 'a')
  try('HGET', probe, 'a')
  try('HGETALL', probe)
  try('HSTRLEN', probe, 'a')
  try('HINCRBY', probe, 'a', 1)
  try('HDEL', probe, 'a')
  try('ZADD', probe, 0, 'a')
  try('ZRANGEBYLEX', probe, '-', '+', 'LIMIT', 0, 1)
  try('ZREVRANGEBYLEX', probe, '+', '-', 'LIMIT', 0, 1)
  try('ZLEXCOUNT', probe, '-', '+')
  try('ZRANGEBYSCORE', probe, '-inf', '+inf')
  try('ZCOUNT', probe, '-inf', '+inf')
  try('ZREM', probe, 'a')
  try('SET', probe, '1')
  try('GET', probe)
  try('PEXPIREAT', probe, '9999999999999')
  try('TYPE', probe)
  try('DEL', probe)
  try('SCAN', '0', 'COUNT', 1)
end
local run = string.match(info[1], 'run_id:(%w+)') or ''
local token = redis.sha1hex(run .. ':' .. tostring(time[1]) .. ':' .. tostring(time[2]) .. ':' .. tostring(count))
return {info, digests, string.sub(token, 1, 24), failed, denied}
`;
