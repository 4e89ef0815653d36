package control_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

// What is ordered has no share of a space's memory in package sandbox: it has to fit into what the shares leave, which is
// 5 of 64 MiB, a part of that being for events.
func TestWhatIsOrderedIsBounded(t *testing.T) {
	const bound = 4 << 20
	r := newRig(t, control.Config{})
	before := heap()
	wide := func(i, length int) string { return fmt.Sprintf("%04d", i) + strings.Repeat("\U0001F4F1", length-4) }

	until := func(refused string, order func(i int) answer) (done int) {
		for i := 0; ; i++ {
			a := order(i)
			if a.status >= 400 {
				a.fails(http.StatusConflict, refused)
				return i
			}
		}
	}
	body, err := json.Marshal(sandbox.Fault{Body: strings.Repeat("x", 64<<10)})
	require.NoError(t, err)
	assert.Equal(t, 32, until("there are too many faults", func(int) answer { return r.post("/_sandbox/faults", string(body)) }))
	long := r.unnamed.Faults()[0]
	r.do(http.MethodPut, fmt.Sprint("/_sandbox/faults/", long.ID()), string(body)).json(http.StatusOK, &struct{}{})
	long.Cancel()
	assert.Equal(t, 1000-31, until("there are too many faults", func(int) answer {
		return r.post("/_sandbox/faults", `{"operation": "Register", "code": "`+strings.Repeat("9", 32)+`"}`)
	}))
	assert.Equal(t, 999, until("there are 1000 clients already", func(i int) answer {
		return r.do(http.MethodPut, "/_sandbox/clients/"+url.PathEscape(wide(i, 128)), `{"client_secret": "`+wide(i, 128)+`"}`)
	}))
	assert.Equal(t, 994, until("there are 1000 special numbers already", func(i int) answer {
		return r.do(http.MethodPut, "/_sandbox/special_numbers/"+url.PathEscape(wide(i, 32)), `{"kind": "fixed_code", "sms_code": "1234"}`)
	}))
	r.do(http.MethodPut, "/_sandbox/clients/"+sandbox.DemoClientID, `{"client_secret": "other"}`).json(http.StatusOK, &struct{}{})
	r.do(http.MethodPut, "/_sandbox/special_numbers/19900000001", `{"kind": "timeout"}`).json(http.StatusOK, &struct{}{})

	grew := heap() - before
	t.Logf("%d KiB", grew>>10)
	assert.Less(t, grew, bound)
	runtime.KeepAlive(r.handler)
}

// heap returns how many bytes are in use once the garbage is gone.
func heap() int {
	runtime.GC()
	runtime.GC() // what the first one finds in a sync.Pool, the second frees
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
