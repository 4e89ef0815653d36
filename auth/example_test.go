package auth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/auth"
)

func ExampleNew() {
	client, err := openplatform.NewClient(openplatform.Test)
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := client.AccessTokenSource("shop", "made-up")
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()

	who, err := auth.New(client, auth.Cookie("session"), auth.WithAccount(source))
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.Handle("/account", who.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account, _ := auth.AccountOf(r.Context())
		_, _ = io.WriteString(w, account.Username)
	})))

	// Without a cookie nobody is asked.
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/account", http.NoBody))
	fmt.Println(w.Code)
	// Output: 401
}
