// Package faulttests puts real proxies and real gateways between the SDK and the sandbox, breaks things, and then holds
// what the SDK said of each call against what the sandbox's ledger says was delivered. docs/reliability.md has the
// tables that these tests print.
//
// It is a module of its own, so that the proxy is no dependency of the SDK.
package faulttests
