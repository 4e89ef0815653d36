package redistokens

import "github.com/redis/go-redis/v9"

// Each script is one atomic step. All its keys have the same hash tag, so a cluster keeps them on one
// node.
var (
	// claim takes the lock for a short time, and returns its holder if that is the caller: a retry
	// after a lost response gets the same result. A holder is a number and the caller's id. Numbers
	// are unique, or a late duplicate of a claim would give the lock to a lease that has lost it.
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

	// keep turns a claim into a lock.
	keep = redis.NewScript(`
local lock = KEYS[1]
local holder, ttl = ARGV[1], ARGV[2]
return redis.call('GET', lock) == holder and redis.call('PEXPIRE', lock, ttl)
`)

	// set stores the value if the caller holds the lock. The rest of the lock's time shows how late
	// the script runs: Redis may have been paused, and the value is older.
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

	// get returns the value and its remaining lifetime, nothing if there is none.
	get = redis.NewScript(`
local token = KEYS[1]
local value = redis.call('GET', token)
return value and {value, redis.call('PTTL', token)}
`)

	// remove deletes a key if it has this value: the token, or the lock with its holder.
	remove = redis.NewScript(`
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1])
`)
)
