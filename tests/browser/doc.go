// Package browser holds tests of the sandbox's page and of examples/login_service in a real browser, and of a client in
// another language. They drive the programs as they are built and started by anybody.
//
//	npm ci --prefix tests/browser      # axe-core and Playwright, once
//	go -C tests test -count=1 ./browser   # needs Chromium and Node too; go does not see when a program changes
//
// With -screenshots DIR they keep the pictures that they take; those in docs/images are made by:
//
//	go -C tests test ./browser -run TestScreenshots -count=1 -screenshots "$PWD/docs/images"
package browser
