package main

import (
	"slices"
	"strings"
)

// platform is what the program is built for.
type platform struct{ os, arch string }

// platforms are those that a release has archives for.
var platforms = []platform{
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// chosen are those of the platforms that a list such as "linux/amd64 windows/amd64" names, or all if it is empty.
func chosen(list string) []platform {
	if list == "" {
		return platforms
	}
	return slices.DeleteFunc(slices.Clone(platforms), func(p platform) bool {
		return !slices.Contains(strings.Fields(list), p.os+"/"+p.arch)
	})
}

// env is the environment of a build. What changes the bytes of a program is set here, and not by the machine.
func (p platform) env() []string {
	return []string{
		"GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0", "GOEXPERIMENT=", "GOFIPS140=off",
		"GOFLAGS=-mod=readonly", "GOWORK=off",
	}
}

func (p platform) program() string {
	if p.os == "windows" {
		return "openplatform.exe"
	}
	return "openplatform"
}
