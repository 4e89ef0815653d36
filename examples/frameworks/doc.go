// Package frameworks shows package auth behind gin, echo and chi. It is a module of its own, so
// a program that imports the SDK does not get the frameworks.
package frameworks
