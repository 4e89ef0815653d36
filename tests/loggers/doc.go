// Package loggers holds the SDK's types against the loggers, printers and encoders that Go programs use: which of them
// print a secret masked, and which print it whole. The table that comes out stands in docs/loggers.md, and in
// docs/loggers.zh-CN.md.
//
//	go -C tests test ./loggers          # fails if a table is no longer true
//	go -C tests test ./loggers -update  # writes the tables
//
// Some of the table is a promise, and -update does not help there: a client, a token source, and errors and requests
// where the usual loggers print them.
package loggers
