package main

import (
	"context"
	"errors"
	"flag"
	"runtime"

	openplatform "github.com/ebaas/openplatform-go"
)

const versionUsage = `openplatform version prints the version of this program, and the Go and the platform that it was built with and for.
`

func runVersion(_ context.Context, env environment, args []string) (exit int) {
	f := newFlags("openplatform version", "")
	if err := f.parse(args, env.getenv); errors.Is(err, flag.ErrHelp) {
		printf(env.stdout, versionUsage)
		return exitOK
	} else if err != nil {
		return complain(env, f, err)
	}
	printf(env.stdout, "openplatform %s (%s, %s/%s)\n", openplatform.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitOK
}
