package sandbox_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

func TestStart(t *testing.T) {
	sb := sandbox.Start(t, sandbox.WithHTTPStatus())

	picture, err := sb.Client.GetImgCode(t.Context())
	require.NoError(t, err)
	id := picture.Data.ImgCodeID
	_, err = sb.Client.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: id, ImgCode: sb.SolveImgCode(id), SmsType: openplatform.SmsTypeLogin,
	})
	require.NoError(t, err)
	assert.Len(t, sb.Outbox(mobile), 1)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sb.URL+"/elsewhere", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
}

// fakeTB runs its cleanups when the test says so.
type fakeTB struct {
	cleanups []func()
}

func (*fakeTB) Helper()                           {}
func (f *fakeTB) Cleanup(fn func())               { f.cleanups = append(f.cleanups, fn) }
func (*fakeTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestStartStopsWithTheTest(t *testing.T) {
	tb := &fakeTB{}
	sb := sandbox.Start(tb)
	_, err := sb.Client.GetImgCode(t.Context())
	require.NoError(t, err)

	for _, cleanup := range tb.cleanups {
		cleanup()
	}

	_, err = sb.Client.GetImgCode(t.Context())
	assert.Error(t, err)
}

func TestCloseEndsADelay(t *testing.T) {
	sb, err := sandbox.Listen()
	require.NoError(t, err)
	sb.Order(sandbox.Fault{Delay: time.Hour})
	conn, err := net.Dial("tcp", strings.TrimPrefix(sb.URL, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /oauth/checkToken HTTP/1.1\r\nHost: sandbox\r\n\r\n")
	require.NoError(t, err)
	waiting := func() bool { return strings.Contains(stacks(), "sandbox.(*Sandbox).wait(") }
	require.Eventually(t, waiting, 5*time.Second, time.Millisecond)

	// With more than its request read, net/http does not see that the connection has ended.
	_, err = io.WriteString(conn, "G")
	require.NoError(t, err)
	time.Sleep(50 * time.Millisecond)
	sb.Close()
	sb.Close()

	require.Eventually(t, func() bool { return !waiting() }, 5*time.Second, time.Millisecond)
	require.NoError(t, conn.Close())
}

// stacks returns what every goroutine is about.
func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
