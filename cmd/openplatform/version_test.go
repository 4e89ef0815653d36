package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
)

func TestVersion(t *testing.T) {
	want := "openplatform " + openplatform.Version + " (" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	for _, name := range []string{"version", "-version", "--version"} {
		exit, stdout, stderr := once(name)
		assert.Equal(t, exitOK, exit, name)
		assert.Equal(t, want, stdout, name)
		assert.Empty(t, stderr, name)
	}

	exit, stdout, _ := once("version", "-h")
	assert.Equal(t, exitOK, exit)
	assert.Equal(t, versionUsage, stdout)

	exit, stdout, stderr := once("version", "1")
	assert.Equal(t, exitUsage, exit)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "openplatform version: ")
}
