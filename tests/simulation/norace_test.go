//go:build !race

package simulation

// seeded says whether the SDK's jitter is drawn from the scenario's seed.
const seeded = true
