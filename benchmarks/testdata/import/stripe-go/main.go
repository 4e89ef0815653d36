// The nearest call of stripe-go.
package main

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v85"
)

func main() {
	customer, err := stripe.NewClient("sk_test_1").V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{
		Name: stripe.String("Jo"), Email: stripe.String("jo@example.com"),
		Phone: stripe.String("13900001111"), Description: stripe.String("XKQPW"),
	})
	fmt.Println(customer, err)
}
