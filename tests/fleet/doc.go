// Package fleet runs eight processes of fifty goroutines that share an access token through a real
// Redis, while the token ends every second and Redis fails in every way that we know of. It
// counts at the platform. The tables that it prints stand in docs/fleet.md.
//
//	go -C tests test -v ./fleet                               # a few seconds a fault
//	go -C tests test -timeout 60m -v ./fleet -long -update    # a minute a fault, and writes the tables
package fleet
