// Command release writes the files of a GitHub release: the function for both architectures, the template, roleplan for each operating
// system, the checksums of these files, and the release notes.
package main
