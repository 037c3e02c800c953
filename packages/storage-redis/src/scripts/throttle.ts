import { PRELUDE } from './prelude.ts';

/** `decideThrottle` of the ports, on the server: the same integers, all of the list charged or none. */
export const THROTTLE = `${PRELUDE}
local given_clock = ARGV[1] ~= ''
local requests, retry = {}, 0
for i = 1, take_count() do
  local request = {key = prefix .. 't:' .. take(), limit = take_count(), period = take_count(), cost = take_count()}
  if not fits(request.key, 'string') then return fault end
  local stored = redis.call('GET', request.key)
  request.at, request.level = now(), 0
  if stored then
    local level, at = string.match(stored, '^(%d+):(%d+)$')
    if not level then return {'foreign', request.key, 'string'} end
    level, at = tonumber(level), tonumber(at)
    -- A clock that ran backwards drains nothing; after a whole period every meter is empty.
    local elapsed = math.max(0, now() - at)
    request.level = elapsed >= request.period and 0 or math.max(0, level - elapsed * request.limit)
    request.at = math.max(now(), at)
  end
  local excess = request.cost * request.period - (request.limit * request.period - request.level)
  if request.cost > 0 and excess > 0 then
    retry = math.max(retry, request.at - now() + math.ceil(excess / request.limit))
  end
  requests[i] = request
end

local remaining = {}
for i, request in ipairs(requests) do
  local capacity = request.limit * request.period
  if retry == 0 then
    request.level = math.max(0, request.level + request.cost * request.period)
    if request.level == 0 then
      redis.call('DEL', request.key)
    else
      redis.call('SET', request.key, integer(request.level) .. ':' .. integer(request.at))
      -- An empty meter need not be kept. By an injected clock the server cannot tell when that is.
      if not given_clock then
        redis.call('PEXPIREAT', request.key, integer(request.at + math.ceil(request.level / request.limit)))
      end
    end
  end
  remaining[i] = integer(math.floor((capacity - request.level) / request.period))
end
return {'ok', integer(retry), remaining}
`;
