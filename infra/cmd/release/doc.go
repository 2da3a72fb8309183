// Command release writes what a release on GitHub has: the function for both processors, the template, their checksums, and the notes.
package main
