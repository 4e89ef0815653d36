// This module keeps the inputs that fuzzing found out of what go get downloads.
module github.com/ebaas/openplatform-go/testdata/fuzz
