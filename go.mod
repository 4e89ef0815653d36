module github.com/ebaas/openplatform-go

go 1.24.0

require github.com/go-resty/resty/v2 v2.17.2

require golang.org/x/net v0.50.0 // indirect
