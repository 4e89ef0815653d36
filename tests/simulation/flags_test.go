package simulation

import (
	"flag"
	"time"
)

var (
	seed      = flag.Uint64("seed", 0, "TestReplay plays the scenario of this `seed` and prints its history")
	start     = flag.Uint64("start", 1, "the first `seed`")
	duration  = flag.Duration("for", 5*time.Second, "how `long` to play scenarios")
	scenarios = flag.Uint64("scenarios", 0, "`how many` scenarios to play; 0 is as many as fit into -for")
)
