package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// commit is what a release is made of.
type commit struct {
	id string
	at time.Time
}

// release makes all files of a release in dist/release. The same commit and the same Go make the same bytes, on any machine.
func (r *repository) release(ctx context.Context) error {
	c, err := r.commit(ctx)
	if err != nil {
		return err
	}
	all, err := r.checkLicences(ctx)
	if err != nil {
		return err
	}
	dist := r.path("dist", "release")
	if err := errors.Join(os.RemoveAll(dist), os.MkdirAll(dist, 0o755)); err != nil { //nolint:gosec // everybody may read it
		return err
	}
	var made []file
	for _, p := range chosen(os.Getenv("PLATFORMS")) {
		files, err := r.releaseFor(ctx, p, c, all)
		if err != nil {
			return err
		}
		made = append(made, files...)
	}
	made = append(made, file{name: r.name("checksums.txt"), content: checksums(made)})
	for _, f := range made {
		if err := os.WriteFile(r.path("dist", "release", f.name), f.content, 0o644); err != nil { //nolint:gosec // everybody may read it
			return err
		}
		fmt.Printf("%9d  %s\n", len(f.content), f.name)
	}
	return nil
}

// name is the name of a file of this release: openplatform_1.2.3_REST.
func (r *repository) name(rest string) string { return "openplatform_" + r.version + "_" + rest }

// commit is the one that is checked out. What is not committed, or has the tag of another version, is nothing to release.
func (r *repository) commit(ctx context.Context) (commit, error) {
	changed, err := r.output(ctx, ".", nil, "git", "status", "--porcelain")
	if err != nil {
		return commit{}, err
	}
	if changed != "" {
		return commit{}, errors.New("a release is made of a commit, and these are not committed:\n" + changed)
	}
	tags, err := r.output(ctx, ".", nil, "git", "tag", "--points-at", "HEAD")
	if err != nil {
		return commit{}, err
	}
	for _, tag := range strings.Fields(tags) {
		if version := path.Base(tag); version != "v"+r.version {
			return commit{}, fmt.Errorf("the commit has the tag %s, and client.go says %s", tag, r.version)
		}
	}
	id, err := r.output(ctx, ".", nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return commit{}, err
	}
	at, err := r.output(ctx, ".", nil, "git", "show", "--no-patch", "--format=%cI", "HEAD")
	if err != nil {
		return commit{}, err
	}
	when, err := time.Parse(time.RFC3339, at)
	return commit{id: id, at: when}, err
}

// releaseFor makes what a release has for one platform: an archive, its list of components and, for Linux, what the container image is
// made of.
func (r *repository) releaseFor(ctx context.Context, p platform, c commit, all map[string]*linked) ([]file, error) {
	program, err := r.build(ctx, p)
	if err != nil {
		return nil, err
	}
	name := r.name(p.os + "_" + p.arch)
	contents, err := r.read("LICENSE", "README.md", "README.zh-CN.md", licencesFile)
	if err != nil {
		return nil, err
	}
	contents = append(contents, file{name: p.program(), content: program, executable: true})
	for i := range contents {
		contents[i].name = name + "/" + contents[i].name
	}
	var archive bytes.Buffer
	write, extension := writeTarGz, ".tar.gz"
	if p.os == "windows" {
		write, extension = writeZip, ".zip"
	}
	if err := write(&archive, contents, c.at); err != nil {
		return nil, err
	}
	sbom, err := r.sbom(program, p, c, all)
	if err != nil {
		return nil, err
	}
	made := []file{{name: name + extension, content: archive.Bytes()}, {name: name + ".cdx.json", content: sbom}}
	if p.os != "linux" {
		return made, nil
	}
	image, err := r.imageContext(program, c)
	return append(made, file{name: r.name("image_" + p.os + "_" + p.arch + ".tar.gz"), content: image}), err
}

// imageContext is what a container image is built from: docker build - <FILE.
func (r *repository) imageContext(program []byte, c commit) ([]byte, error) {
	contents, err := r.read(".dockerignore", "Dockerfile", "LICENSE", licencesFile)
	if err != nil {
		return nil, err
	}
	contents = append(contents, file{name: "dist/openplatform", content: program, executable: true})
	var archive bytes.Buffer
	err = writeTarGz(&archive, contents, c.at)
	return archive.Bytes(), err
}

func (r *repository) read(names ...string) (files []file, err error) {
	for _, name := range names {
		content, err := os.ReadFile(r.path(name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name: name, content: content})
	}
	return files, nil
}

// build builds the program. It is not stamped with the state of the clone: its version is in its source.
func (r *repository) build(ctx context.Context, p platform) ([]byte, error) {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := path.Join(dir, p.program())
	if _, err := r.output(ctx, ".", p.env(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "./cmd/openplatform"); err != nil {
		return nil, err
	}
	return os.ReadFile(out) //nolint:gosec // what was built just now
}

// checksums is what sha256sum -c reads.
func checksums(files []file) []byte {
	sorted := slices.SortedFunc(slices.Values(files), func(a, b file) int { return strings.Compare(a.name, b.name) })
	var b bytes.Buffer
	for _, f := range sorted {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(f.content), f.name)
	}
	return b.Bytes()
}
