// Package findings says what would make Personalize fail later, although IAM accepts it: as warnings, since it may be
// meant. It is pure.
package findings
