// Package docs holds tests of the Markdown pages: what they say in two languages is the same, their links lead somewhere,
// their code compiles, their commands run, and what they show is what is printed.
//
//	go -C tests test -count=1 ./docs   # needs bash and curl; go does not see when a page or a program changes
package docs
