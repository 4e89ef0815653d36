package frameworks

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/ebaas/openplatform-go/auth"
)

// Gin serves the account page with gin. The glue is the three statements of protect.
func Gin(who *auth.Middleware) http.Handler {
	protect := func(c *gin.Context) {
		var ok bool
		if c.Request, ok = who.Authenticate(c.Writer, c.Request); !ok {
			c.Abort()
		}
	}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/account", protect, func(c *gin.Context) {
		account, _ := auth.AccountOf(c.Request.Context())
		c.String(http.StatusOK, "%s", account.Username)
	})
	return router
}
