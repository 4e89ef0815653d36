package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command runs a command that has to succeed, and returns what it prints.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // all of them stand in these tests
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s\n%s", c, out)
	return strings.TrimSpace(string(out))
}

// here is this repository.
func here(t *testing.T) *repository {
	t.Helper()
	r, err := open("..")
	require.NoError(t, err)
	return r
}

// copyOf is a copy of the files of this repository, committed.
func copyOf(t *testing.T) *repository {
	t.Helper()
	dir := t.TempDir()
	files := command(t, "..", nil, "git", "ls-files", "--cached", "--others", "--exclude-standard", "--full-name", ":/")
	for name := range strings.Lines(files) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		require.NoError(t, err)
		info, err := os.Stat(filepath.Join("..", name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, info.Mode())) //nolint:gosec // a name from git
	}
	command(t, dir, nil, "git", "init", "--quiet")
	commitAll(t, dir)
	r, err := open(dir)
	require.NoError(t, err)
	return r
}

func commitAll(t *testing.T, dir string) {
	t.Helper()
	command(t, dir, nil, "git", "add", "--all")
	command(t, dir, nil, "git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false",
		"commit", "--quiet", "--message=test")
}

func TestArchives(t *testing.T) {
	files := []file{{name: "a/LICENSE", content: []byte("text")}, {name: "a/program", content: bytes.Repeat([]byte("x"), 1000), executable: true}}
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 8*60*60))
	type entry struct {
		name, content string
		mode          os.FileMode
		at            time.Time
	}
	want := []entry{
		{"a/LICENSE", "text", 0o644, at.UTC()},
		{"a/program", strings.Repeat("x", 1000), 0o755, at.UTC()},
	}

	t.Run("tar.gz", func(t *testing.T) {
		var b, again bytes.Buffer
		require.NoError(t, writeTarGz(&b, files, at))
		require.NoError(t, writeTarGz(&again, files, at.UTC()))
		assert.Equal(t, b.Bytes(), again.Bytes(), "the time zone changes nothing")
		zr, err := gzip.NewReader(&b)
		require.NoError(t, err)
		assert.True(t, zr.ModTime.IsZero())
		var got []entry
		for tr := tar.NewReader(zr); ; {
			header, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			content, err := io.ReadAll(tr)
			require.NoError(t, err)
			got = append(got, entry{header.Name, string(content), header.FileInfo().Mode(), header.ModTime.UTC()})
			assert.Zero(t, header.Uid+header.Gid)
			assert.Empty(t, header.Uname+header.Gname)
		}
		assert.Equal(t, want, got)
	})

	t.Run("zip", func(t *testing.T) {
		var b, again bytes.Buffer
		require.NoError(t, writeZip(&b, files, at))
		require.NoError(t, writeZip(&again, files, at.UTC()))
		assert.Equal(t, b.Bytes(), again.Bytes(), "the time zone changes nothing")
		zr, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		require.NoError(t, err)
		var got []entry
		for _, f := range zr.File {
			reader, err := f.Open()
			require.NoError(t, err)
			content, err := io.ReadAll(reader)
			require.NoError(t, err)
			got = append(got, entry{f.Name, string(content), f.Mode(), f.Modified.UTC()})
		}
		assert.Equal(t, want, got)
	})
}

func TestPlatforms(t *testing.T) {
	assert.Len(t, chosen(""), 6)
	assert.Equal(t, []platform{{"linux", "arm64"}, {"windows", "amd64"}}, chosen("windows/amd64 linux/arm64"))
}

func TestChecksums(t *testing.T) {
	assert.Equal(t, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n"+
		"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n",
		string(checksums([]file{{name: "b", content: []byte("b")}, {name: "a", content: []byte("a")}})))
}

// What a program was linked from stands in its list of components, which is valid CycloneDX.
func TestListOfComponents(t *testing.T) {
	r, p := here(t), platform{runtime.GOOS, runtime.GOARCH}
	all, err := r.linkedModules(t.Context())
	require.NoError(t, err)
	program, err := r.build(t.Context(), p)
	require.NoError(t, err)
	made := commit{id: "0123abcd", at: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	list, err := r.sbom(program, p, made, all)
	require.NoError(t, err)
	again, err := r.sbom(program, p, made, all)
	require.NoError(t, err)
	assert.Equal(t, string(list), string(again))

	schemas := filepath.Join(command(t, ".", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go"), "schema")
	compiler := jsonschema.NewCompiler()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json"} {
		addSchema(t, compiler, "http://cyclonedx.org/schema/"+name, filepath.Join(schemas, name))
	}
	addSchema(t, compiler, "http://cyclonedx.org/schema/jsf-0.82.schema.json", filepath.Join(schemas, "jsf-0.82.schemax.json"))
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(list))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value))

	text := string(list)
	for _, want := range []string{
		`"version": "` + r.version + `"`, `"timestamp": "2026-02-03T04:05:06Z"`, `"value": "0123abcd"`,
		`"purl": "pkg:golang/github.com/go-resty/resty/v2@v`, `"purl": "pkg:golang/std@` + strings.TrimPrefix(runtime.Version(), "go"),
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "testify", "what tests alone need is not in a program")

	delete(all, "github.com/go-resty/resty/v2")
	_, err = r.sbom(program, p, made, all)
	require.ErrorContains(t, err, "links github.com/go-resty/resty/v2, of which THIRD_PARTY_LICENSES says nothing")
}

func addSchema(t *testing.T, compiler *jsonschema.Compiler, url, path string) {
	t.Helper()
	text, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = text.Close() }()
	schema, err := jsonschema.UnmarshalJSON(text)
	require.NoError(t, err)
	require.NoError(t, compiler.AddResource(url, schema))
}

func TestLicences(t *testing.T) {
	mit, err := os.ReadFile("../LICENSE")
	require.NoError(t, err)
	names, err := classify(mit)
	require.NoError(t, err)
	assert.Equal(t, []string{"MIT"}, names)

	_, err = classify(append(mit, []byte(strings.Repeat("\nWho uses it sends the authors a postcard.", 5))...))
	require.ErrorContains(t, err, "% of it is a known licence")

	_, err = classify([]byte(`Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES
OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION,
ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.`))
	require.EqualError(t, err, "ISC is not allowed")

	none := filepath.Join(t.TempDir(), "NOTICE")
	require.NoError(t, os.WriteFile(none, []byte("made by somebody"), 0o600))
	require.EqualError(t, (&linked{path: "example.com/m"}).read([]string{none}), "example.com/m has no licence")
}

// Only what is committed is released, and under the version that its tag says.
func TestWhatIsNotReleased(t *testing.T) {
	r := &repository{dir: t.TempDir(), version: "1.2.3"}
	command(t, r.dir, nil, "git", "init", "--quiet")
	require.NoError(t, os.WriteFile(r.path("a"), nil, 0o600))
	commitAll(t, r.dir)
	_, err := r.commit(t.Context())
	require.NoError(t, err)

	for _, tag := range r.tags() {
		command(t, r.dir, nil, "git", "tag", tag)
	}
	made, err := r.commit(t.Context())
	require.NoError(t, err)
	assert.Equal(t, command(t, r.dir, nil, "git", "rev-parse", "HEAD"), made.id)

	command(t, r.dir, nil, "git", "tag", "redistokens/v1.2.4")
	_, err = r.commit(t.Context())
	require.EqualError(t, err, "the commit has the tag redistokens/v1.2.4, and client.go says 1.2.3")
	command(t, r.dir, nil, "git", "tag", "-d", "redistokens/v1.2.4")

	require.NoError(t, os.WriteFile(r.path("b"), nil, 0o600))
	_, err = r.commit(t.Context())
	require.ErrorContains(t, err, "these are not committed:\n?? b")
}
