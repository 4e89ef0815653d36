// Package referee holds the SDK and the sandbox to api/openapi.yaml. The two might
// share a mistake, and then they understand each other perfectly. So the tests here run
// every operation over a socket, keep the bytes that crossed it, and have a validator
// that knows neither side's types judge those bytes by the document.
//
// It is a module of its own, so that the validator is no dependency of the SDK.
package referee
