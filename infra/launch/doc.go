// Package launch makes the page from which a person creates the stack of a release with one click. The page is one static file without
// third-party content. Before the click, it sends nothing that is typed into it.
package launch
