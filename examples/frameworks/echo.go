package frameworks

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/ebaas/openplatform-go/auth"
)

// Echo serves the account page with echo. The glue is one line: echo.WrapMiddleware.
func Echo(who *auth.Middleware) http.Handler {
	router := echo.New()
	router.GET("/account", func(c *echo.Context) error {
		account, _ := auth.AccountOf(c.Request().Context())
		return c.String(http.StatusOK, account.Username)
	}, echo.WrapMiddleware(who.Wrap))
	return router
}
