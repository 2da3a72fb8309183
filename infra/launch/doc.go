// Package launch makes the page from which a person creates the stack of a release by one click: one static file without anything of
// others in it, which sends nothing that is typed anywhere before the click.
package launch
