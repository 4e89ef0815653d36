package otelopenplatform_test

import (
	"fmt"

	"go.opentelemetry.io/otel/propagation"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
)

func ExampleNew() {
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithObserver(otelopenplatform.New()))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// Trace headers go to a third party, so they are asked for.
func ExampleWithPropagators() {
	observer := otelopenplatform.New(
		otelopenplatform.WithPropagators(propagation.TraceContext{}), // sends traceparent and tracestate, of the attempt's span
		otelopenplatform.WithBaggage("tenant"),                       // sends this member of the baggage, and no other
	)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithObserver(observer))
	fmt.Println(client != nil, err)
	// Output: true <nil>
}
