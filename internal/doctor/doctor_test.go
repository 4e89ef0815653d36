package doctor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/sandbox"

	openplatform "github.com/ebaas/openplatform-go"
)

func TestAllAssumptionsHoldOfTheSandbox(t *testing.T) {
	p := startPlatform(t, nil, nil)
	p.sandbox.AddAccount(sandbox.Account{Username: "zhangsan", Password: "made-up-1"})
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(p.server.URL), openplatform.WithHTTPClient(p.server.Client()))
	require.NoError(t, err)
	_ = client
	o := p.everything(t)
	r := examine(t, o)
	t.Log(text(r))
	assert.Empty(t, names(r, doctor.Refuted))
	assert.Empty(t, names(r, doctor.Unclear))
	assert.Empty(t, names(r, doctor.Bad))
	assert.Len(t, names(r, doctor.Holds), len(doctor.Assumptions))
	assert.Equal(t, doctor.ExitOK, r.Exit())
}
