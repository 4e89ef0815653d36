// Package control serves sandboxes to programs in any language: the platform's operations under /oauth/, an API under
// /_sandbox/ that shows messages and orders faults, and a page for people at /. api/sandbox.yaml describes the API. Command
// openplatform is this package with flags.
//
//	handler, err := control.New(control.Config{})
//	// ...
//	defer handler.Close()
//	server := control.NewServer(handler)
//	err = server.ListenAndServe()
//
// /spaces/NAME/ has the same for a separate sandbox, which is created at first use. Concurrent tests can share one program
// and use one space each.
//
// # Access
//
// Everyone who can connect may use a sandbox, so it should listen on loopback. A browser on this machine can reach loopback
// too. Therefore the Host of a request must be an IP address, localhost, a name below .localhost, or one of Config.Hosts.
// Requests from web pages of another origin are refused (Sec-Fetch-Site, Origin), unless Config.Origins has the origin.
// Links to the page work from everywhere.
//
// # Limits
//
// There are at most 100 spaces of at most 64 MiB each. A space is removed when it was not used for half an hour. A request's
// body must arrive within 10 seconds and have at most 1 MiB; an import, within a minute and with at most 64 MiB. At most
// 1,000 requests can wait, and at most 200 streams can be open; more are refused with status 503. A client that does not
// read for 10 seconds is disconnected.
package control
