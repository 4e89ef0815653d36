package frameworks

import (
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ebaas/openplatform-go/auth"
)

// Chi serves the account page with chi. The glue is one line: With(who.Wrap).
func Chi(who *auth.Middleware) http.Handler {
	router := chi.NewRouter()
	router.With(who.Wrap).Get("/account", func(w http.ResponseWriter, r *http.Request) {
		account, _ := auth.AccountOf(r.Context())
		_, _ = io.WriteString(w, account.Username) // an error means that the client has gone
	})
	return router
}
