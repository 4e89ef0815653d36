// Package program measures openplatform sandbox, the program, from outside: how soon it is ready, what memory it takes,
// how fast it answers. It asserts no speed.
package program
