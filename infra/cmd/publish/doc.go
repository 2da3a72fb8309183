// Command publish uploads a release to one bucket per Region, and prints the links that create a stack of the release with one click.
package main
