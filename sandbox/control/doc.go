// Package control serves sandboxes to programs in any language: the platform's operations under /oauth/, an API that
// shows what was sent and orders what goes wrong under /_sandbox/, and a page for people at /. The API is described by
// api/sandbox.yaml. Command openplatform is this package with flags.
//
//	handler, err := control.New(control.Config{})
//	// ...
//	defer handler.Close()
//	server := control.NewServer(handler)
//	err = server.ListenAndServe()
//
// Below /spaces/NAME/ there is all of it again, for a sandbox of its own that is made at first use: tests that run at
// the same time share a program and never meet.
//
// # Who may ask
//
// A sandbox is open to whoever reaches it, so it should listen on loopback. Web pages reach loopback too, by the browser
// that shows them. So the Host of a request has to be an IP address, localhost, a name below .localhost or one of
// Config.Hosts: a name that somebody else points at this machine is refused. And what a browser sends from another
// origin is refused, by Sec-Fetch-Site and Origin, unless Config.Origins has it; only links to the page are followed
// from anywhere.
//
// # Limits
//
// There are at most 100 spaces, and each keeps at most 64 MiB. A space that nobody uses for half an hour is forgotten. A
// request's body has 10 seconds to come and at most 1 MiB, an import a minute and 64 MiB. 1,000 requests can wait and 200
// streams be open at a time; more are refused with 503. A client that does not read for 10 seconds is left.
package control
