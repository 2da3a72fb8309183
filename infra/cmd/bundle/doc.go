// Command bundle creates the files that a deployment needs: dist/function.zip, and dist/template.yaml, which refers to the zip and, in its
// metadata, to the license and the README in the same folder. It can also build the binary alone, which sam build packs itself.
package main
