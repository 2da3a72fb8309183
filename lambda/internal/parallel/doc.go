// Package parallel runs functions side by side: a few of them, or a graph in which some wait for others.
package parallel
