// Package simulation plays random scenarios with the SDK: a platform, a network and a token store that fail in every
// way that we know of, and callers who give up, all drawn from one seed. A scenario runs in a testing/synctest bubble,
// so hours pass in milliseconds and times are exact. After each one the SDK's promises are held against the platform's
// ledger: what really arrived, and what was really done.
//
//	go -C tests test ./simulation                     # about 5 s on all processors, from seed 1 on
//	go -C tests test ./simulation -for 30s -start 77  # longer, and from another seed on
//	go -C tests test ./simulation -scenarios 10000    # so many
//
// With -v it tells how many scenarios were played, and how often each kind of fault was met.
//
// A broken promise is printed with its seed, its history, and the command that plays exactly that scenario again:
//
//	GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 go -C tests test ./simulation -run TestReplay -seed 12345 -v
//
// One processor and no preemption are what makes one seed one history; so scenarios run in child processes of the
// test, one for each processor. Under the race detector the children use all processors and the SDK's jitter is
// random: the promises hold all the same, but a seed is then not an exact replay.
//
// # The rules
//
//	once              a mutating operation is delivered at most once a call
//	outcome           what the error says of the call is true to the ledger
//	deadline          a call returns when its ctx or the client's timeout ends, to the nanosecond
//	attempts          as many attempts as the policy allows, each delivered at most once
//	retry-after       a repetition waits as long as the platform asks
//	repeat            what may be repeated is, as long as time and quota are there
//	quota             repetitions stay within ten and a tenth for each call
//	quota-drained     only a repetition that was made is paid for
//	wait-text         an error that speaks of waiting belongs to a call that waited
//	fetch-overlap     a source has one fetch under way at a time
//	fetch-rate        one fetch for each expiry or rejection, and one a second at most
//	token-refused     a valid token in memory is handed out, whatever is broken
//	token-late        it is handed out at once
//	token-expired     a token is not handed out after its end
//	token-lifetime    nor for more than two hours
//	token-denied      with a platform that works, no caller with time enough fails, whatever the store does
//	token-starved     nor do callers with little time, once a fetch had time enough
//	use-calls         Use calls its function at most five times, never twice with one token
//	token-forged      nor what is in the store but does not decrypt
//	store-secret      the store is given neither a token nor a client id, an address or a secret
//	store-ctx         each call of the store is bounded, and the one that gives back the lock has time left
//	store-set         what is put into the store is a token with a lifetime of up to two hours
//	store-newest      it replaces no token that was issued after it
//	lock-ttl          it is put there while the lock lasts
//	lock-kept         a lock of the store is given back, unless the store hung
//	left-behind       no goroutine outlives the client's timeout
//	panic             nothing panics, not even because a store does
package simulation
