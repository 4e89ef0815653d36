package faults

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A toxic is one of toxiproxy's, with two things added: it lets a connection live for a while before it strikes, so
// that it also strikes connections that were used before, and it counts.
type toxic struct {
	kind       string // such as limit_data
	stream     string // upstream, to the platform, or downstream, to the SDK
	attributes string // in JSON

	// spared is how many pieces of data a connection may get past it at the most before it begins.
	spared int64
	// strikes reports whether it does something about this piece, the first of what it got being total bytes long with
	// it; a nil piece is the end of the connection. Without one, it does something about every piece.
	strikes func(piece []byte, total int) bool
}

// A faultProxy is a real TCP proxy between the SDK and the platform.
type faultProxy struct {
	*toxiproxy.Proxy
	struck atomic.Int64 // pieces of data that were delayed, cut up, shortened or swallowed; for slow_close, late ends
}

func startFaultProxy(t *testing.T, upstream string, poisons ...toxic) *faultProxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &faultProxy{Proxy: toxiproxy.NewProxy(server, t.Name(), "", upstream)}
	for _, poison := range poisons {
		p.add(t, poison)
	}
	p.Listen = freePort(t)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	return p
}

func (p *faultProxy) add(t *testing.T, poison toxic) {
	t.Helper()
	if poison.kind == "reset_peer" {
		// The proxy resets connections, where it would close them in order, if a toxic of just this type is there. This
		// one does nothing else.
		p.addOne(t, poison, "linger", 0)
	}
	added := p.addOne(t, poison, "strike", 1)
	added.Toxic = &countedToxic{Toxic: added.Toxic, toxic: poison, struck: &p.struck}
}

func (p *faultProxy) addOne(t *testing.T, poison toxic, name string, toxicity float32) *toxics.ToxicWrapper {
	t.Helper()
	added, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name": "%s %s %s", "type": %q, "stream": %q, "toxicity": %g, "attributes": {%s}}`,
		name, poison.kind, poison.stream, poison.kind, poison.stream, toxicity, poison.attributes,
	)))
	require.NoError(t, err)
	return added
}

// countedToxic goes round a toxic. Toxics are not added to or taken from connections that live, so it need not mind
// being interrupted.
type countedToxic struct {
	toxics.Toxic
	toxic
	struck      *atomic.Int64
	connections atomic.Int64
}

// NewState is what limit_data has its count in.
func (c *countedToxic) NewState() any {
	if stateful, ok := c.Toxic.(toxics.StatefulToxic); ok {
		return stateful.NewState()
	}
	return nil
}

func (c *countedToxic) Pipe(stub *toxics.ToxicStub) {
	source, feed := stub.Input, make(chan *stream.StreamChunk)
	for range c.nextSpared() {
		piece := <-source
		if piece == nil {
			break
		}
		stub.Output <- piece
	}
	stub.Input = feed
	first := <-source // timeout would else count the silence before
	go c.count(first, source, feed)
	c.Toxic.Pipe(stub)
	// A toxic that has ended the connection reads no more. Somebody has to, or the proxy's goroutines wait for ever.
	for range feed {
	}
}

// nextSpared gives connections different lengths of life, without leaving any to chance.
func (c *countedToxic) nextSpared() int64 {
	if c.spared == 0 {
		return 0
	}
	return 7 * c.connections.Add(1) % c.spared
}

// count passes on what comes from source, which ends with a nil.
func (c *countedToxic) count(first *stream.StreamChunk, source <-chan *stream.StreamChunk, feed chan<- *stream.StreamChunk) {
	defer close(feed)
	total := 0
	for piece := first; piece != nil; piece = <-source {
		total += len(piece.Data)
		if c.strikes == nil || c.strikes(piece.Data, total) {
			c.struck.Add(1)
		}
		feed <- piece
	}
	if c.strikes != nil && c.strikes(nil, total) {
		c.struck.Add(1)
	}
}

// closeIdle closes the idle connections of all clients that were given transport: they share a copy of it.
func closeIdle(t testing.TB, transport *http.Transport) {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	client.CloseIdleConnections()
}
