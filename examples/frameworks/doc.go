// Package frameworks shows package auth behind gin, echo and chi. It is a module of its own, so
// that a program that imports the SDK gets none of them.
package frameworks
