package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// publish puts the modules of a repository where a go command finds them, as a module proxy has them. It returns the directory.
func publish(t *testing.T, r *repository) string {
	t.Helper()
	proxy := t.TempDir()
	for _, tag := range r.tags() {
		dir, version := filepath.Split(tag)
		name := strings.TrimSuffix(modulePath+"/"+dir, "/")
		at := filepath.Join(proxy, name, "@v", version)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
		mod, err := os.ReadFile(r.path(dir, "go.mod"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(at+".mod", mod, 0o600)) //nolint:gosec // below a directory of the test
		require.NoError(t, os.WriteFile(at+".info", fmt.Appendf(nil, `{"Version": %q}`, version), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(at), "list"), []byte(version+"\n"), 0o600))
		archive, err := os.Create(at + ".zip")
		require.NoError(t, err)
		require.NoError(t, zip.CreateFromDir(archive, module.Version{Path: name, Version: version}, r.path(dir)))
		info, err := archive.Stat()
		require.NoError(t, err)
		require.NoError(t, archive.Close())
		t.Logf("%s@%s: %d bytes", name, version, info.Size())
		assert.Less(t, info.Size(), int64(2<<20), "what every user of %s downloads", name)
	}
	return proxy
}

const consumer = `package main

import (
	"fmt"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
	"github.com/ebaas/openplatform-go/redistokens"
)

var _ = redistokens.New

func main() {
	_, err := openplatform.NewClient(openplatform.Test, openplatform.WithObserver(otelopenplatform.New()))
	fmt.Println(openplatform.Version, err)
}
`

// After prepare, every file agrees on the version; and what is then tagged can be got by others, to whom the replace directives of this
// repository mean nothing.
func TestAVersionThatIsPublishedCanBeGot(t *testing.T) {
	r := copyOf(t)
	for _, version := range []string{"v0.98.7", "0.98", "2.0.0"} {
		require.EqualError(t, r.prepare(version), `"`+version+`" is no version such as 0.2.0 or 1.2.3`)
	}
	require.NoError(t, r.prepare("0.98.7"))
	r, err := open(r.dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"v0.98.7", "otelopenplatform/v0.98.7", "redistokens/v0.98.7"}, r.tags())
	command(t, r.dir, nil, "go", "test", "-run", "^(TestThereIsOneVersion|TestModulesRequireThisVersion)$", ".")
	changed := strings.Fields(command(t, r.dir, nil, "git", "diff", "--name-only"))
	assert.Subset(t, changed, []string{"CHANGELOG.md", "client.go", "redistokens/go.mod", "tests/go.mod"})

	dir, modules := t.TempDir(), t.TempDir()
	env := []string{
		"GOMODCACHE=" + modules, "GOFLAGS=-modcacherw -trimpath", "GOSUMDB=off", "GOWORK=off", "GOBIN=" + dir,
		// What else is needed has been downloaded for this repository.
		"GOPROXY=file://" + publish(t, r) + ",file://" + command(t, ".", nil, "go", "env", "GOMODCACHE") + "/cache/download," +
			command(t, ".", nil, "go", "env", "GOPROXY"),
	}
	command(t, dir, env, "go", "mod", "init", "example.com/consumer")
	command(t, dir, env, "go", "get", modulePath+"/redistokens@v0.98.7")
	command(t, dir, env, "go", "get", modulePath+"/otelopenplatform@v0.98.7")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(consumer), 0o600))
	assert.Equal(t, "0.98.7 <nil>", command(t, dir, env, "go", "run", "."))

	command(t, dir, env, "go", "install", modulePath+"/cmd/openplatform@v0.98.7")
	assert.Regexp(t, `^openplatform 0\.98\.7 \(`, command(t, dir, nil, filepath.Join(dir, "openplatform"), "version"))
}
