package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
)

// programs make the same call, or their SDK's nearest, and nothing else. Each is a
// directory of testdata/import and has the name of its contender, with a dash for a
// slash.
var programs = []string{"net-http", "resty", "openplatform", "twilio-go", "go-github", "hcloud-go", "stripe-go", "openai-go"}

// A binary is a program as it would be shipped: stripped.
type binary struct {
	bytes   int64
	modules []*debug.Module // of which code is linked in, beyond the standard library
}

func build(ctx context.Context, program string) (binary, error) {
	dir, err := os.MkdirTemp("", "import")
	if err != nil {
		return binary{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is in the directory for temporary files
	path := filepath.Join(dir, program)
	//nolint:gosec // the program is one of those named above
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "./testdata/import/"+program)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return binary{}, fmt.Errorf("go build %s: %w\n%s", program, err, out)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return binary{}, err
	}
	stat, err := os.Stat(path)
	if err != nil {
		return binary{}, err
	}
	return binary{bytes: stat.Size(), modules: info.Deps}, nil
}
