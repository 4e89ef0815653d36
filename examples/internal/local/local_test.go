package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

func TestStartAndClose(t *testing.T) {
	sb, err := Start()
	require.NoError(t, err)
	defer sb.Close()
	assert.True(t, strings.HasPrefix(sb.URL, "http://127.0.0.1:"), sb.URL)

	picture, err := sb.Client.GetImgCode(t.Context())
	require.NoError(t, err)
	assert.Len(t, sb.SolveImgCode(picture.Data.ImgCodeID), 4)

	sb.Close()
	_, err = sb.Client.GetImgCode(t.Context())
	assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
}

func TestStatus(t *testing.T) {
	login := func(req openplatform.LoginRequest, fault *sandbox.Fault) error {
		sb := sandbox.Start(t)
		if fault != nil {
			sb.Order(*fault)
		}
		_, err := sb.Client.Login(t.Context(), &req)
		return err
	}
	stranger := openplatform.LoginRequest{Account: "13900001111", Password: "not-the-one"}

	for name, test := range map[string]struct {
		args   []string
		err    error
		want   int
		stdout string
		stderr string
	}{
		"success":  {want: 0, stdout: "ran"},
		"help":     {args: []string{"-h"}, want: 0, stdout: "usage"},
		"argument": {args: []string{"-v"}, want: 2, stderr: "-h"},
		"not sent": {err: login(openplatform.LoginRequest{}, nil), want: 1, stderr: "Outcome: not sent."},
		"rejected": {err: login(stranger, nil), want: 1, stderr: "Outcome: rejected."},
		"unknown":  {err: login(stranger, &sandbox.Fault{Drop: true}), want: 1, stderr: "Outcome: unknown."},
		"wrapped":  {err: fmt.Errorf("late: %w", login(stranger, nil)), want: 1, stderr: "Outcome: rejected."},
		"no port":  {err: notStarted{errors.New("no port")}, want: 1, stderr: "There was no platform to call."},
		"not ours": {err: errors.New("odd"), want: 1, stderr: "Outcome: unknown."},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr strings.Builder
			got := status(test.args, &stdout, &stderr, "usage", func(_ context.Context, w io.Writer) error {
				if test.err == nil {
					_, _ = io.WriteString(w, "ran")
				}
				return test.err
			})

			assert.Equal(t, test.want, got)
			assert.Equal(t, test.stdout, stdout.String())
			assert.Contains(t, stderr.String(), test.stderr)
			assert.Equal(t, test.stderr == "", stderr.Len() == 0, stderr.String())
			assert.NotContains(t, stderr.String(), stranger.Account)
			assert.NotContains(t, stderr.String(), stranger.Password)
			if test.err != nil {
				assert.Contains(t, stderr.String(), test.err.Error())
			}
		})
	}
}
