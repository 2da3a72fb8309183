// Package golden compares what tests make with files that are reviewed.
package golden
