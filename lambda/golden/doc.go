// Package golden holds what tests make to files that are reviewed.
package golden
