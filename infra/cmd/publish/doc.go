// Command publish uploads a release to one bucket a Region, and prints the links that create a stack of it by one click.
package main
