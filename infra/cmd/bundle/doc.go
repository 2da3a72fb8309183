// Command bundle makes what a deployment takes: dist/function.zip, and dist/template.yaml that refers to it and, in its metadata, to
// the license and the README beside it; or the bare binary, which sam build packs itself.
package main
