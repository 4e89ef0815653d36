// Package faults puts real proxies and real gateways between the SDK and the sandbox, makes them fail, and compares what
// the SDK said of each call with what the sandbox's ledger says was delivered. The tables that these tests print stand
// in docs/reliability.md and docs/reliability.zh-CN.md.
//
//	go -C tests test -timeout 60m -v ./faults -long -update  # writes them
package faults
