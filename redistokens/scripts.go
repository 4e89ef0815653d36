package redistokens

import "github.com/redis/go-redis/v9"

// Each script is one step to everybody else. All its keys have one hash tag, so that a
// cluster keeps them in one place.
var (
	// claim takes the lock for a short time, and returns its holder if that is the caller: one
	// that claims again because an answer was lost is told what the lost answer said. A holder
	// is a number and the claimant's id. No two have the same number, or a claim that arrives
	// again, late, would give a lock to a lease that lost it long ago.
	claim = redis.NewScript(`
local lock, generation = KEYS[1], KEYS[2]
local id, ttl, generation_ttl = ARGV[1], ARGV[2], ARGV[3]
local holder = redis.call('GET', lock)
if holder then
	return string.sub(holder, -#id) == id and holder
end
holder = redis.call('INCR', generation) .. ':' .. id
redis.call('PEXPIRE', generation, generation_ttl)
redis.call('SET', lock, holder, 'PX', ttl)
return holder
`)

	// keep makes a claim a lock.
	keep = redis.NewScript(`
local lock = KEYS[1]
local holder, ttl = ARGV[1], ARGV[2]
return redis.call('GET', lock) == holder and redis.call('PEXPIRE', lock, ttl)
`)

	// set stores the value if the lock is the caller's. What is left of the lock tells how late
	// the script runs: Redis may have been stopped for a while, and the value has aged.
	set = redis.NewScript(`
local lock, token = KEYS[1], KEYS[2]
local holder, value, ttl, left = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('GET', lock) ~= holder then
	return false
end
local late = math.max(left - redis.call('PTTL', lock), 0)
if ttl - late < 1 then
	return false
end
redis.call('SET', token, value, 'PX', ttl - late)
return true
`)

	// get returns the value and how long it lives, nothing if there is none.
	get = redis.NewScript(`
local token = KEYS[1]
local value = redis.call('GET', token)
return value and {value, redis.call('PTTL', token)}
`)

	// remove deletes a key if this is its value: the token, or the lock by its holder.
	remove = redis.NewScript(`
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1])
`)
)
