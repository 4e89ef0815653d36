package conformance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pb33f/libopenapi"
	pb33f "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	yaml11 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"
)

// What kin-openapi reads, other readers must be able to read too.

// documents returns the texts of all documents by name.
func documents(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../api/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	texts := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		texts[filepath.Base(path)] = text
	}
	return texts
}

func TestAnotherLibraryAcceptsTheDocuments(t *testing.T) {
	for name, text := range documents(t) {
		t.Run(name, func(t *testing.T) {
			document, err := libopenapi.NewDocument(text)
			require.NoError(t, err)
			_, err = document.BuildV3Model() // it follows the references
			require.NoError(t, err)
			checker, errs := pb33f.NewValidator(document)
			require.Empty(t, errs)
			_, complaints := checker.ValidateDocument() // against the specification's own schema
			for _, c := range complaints {
				assert.Fail(t, c.Message, c.Reason)
				for _, detail := range c.SchemaValidationErrors {
					assert.Fail(t, detail.Reason, "%s, line %d", detail.FieldPath, detail.Line)
				}
			}
		})
	}
}

// Many programs still read YAML 1.1, where yes, on, n and 010 are no strings and no decimal numbers.
func TestTheDocumentsSayTheSameInYAML11(t *testing.T) {
	for name, text := range documents(t) {
		t.Run(name, func(t *testing.T) {
			var now, before any
			require.NoError(t, yaml.Unmarshal(text, &now))
			require.NoError(t, yaml11.UnmarshalStrict(text, &before))
			assert.Equal(t, now, withStringKeys(t, "", before))
		})
	}
}

// withStringKeys returns v as a later reader would, and fails for keys that are no strings.
func withStringKeys(t *testing.T, path string, v any) any {
	t.Helper()
	switch v := v.(type) {
	case map[any]any:
		out := map[string]any{}
		for key, value := range v {
			name, isString := key.(string)
			assert.True(t, isString, "the key %v in %s/ is a %T: it needs quotes", key, path, key)
			out[name] = withStringKeys(t, path+"/"+name, value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = withStringKeys(t, path, v[i])
		}
	}
	return v
}
