// Command release writes what a release on GitHub has: the function for both processors, the template, roleplan for
// each system, their checksums, and the notes.
package main
