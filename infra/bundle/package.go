package bundle

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// Package is a build of the function that is to be put into a bucket, and the template.yaml that finds it there.
type Package struct {
	// Key is that of the zip in the bucket: its checksum, below a prefix.
	Key      string
	Zip      []byte
	Template string
}

// NewPackage builds the function of the project for a Go architecture, once in a process.
func NewPackage(ctx context.Context, bucket, prefix, arch string) (Package, error) {
	root, err := Root()
	if err != nil {
		return Package{}, err
	}
	zip, err := MakeOnce(ctx, root, arch)
	if err != nil {
		return Package{}, err
	}
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return Package{}, err
	}
	key := path.Join(prefix, fmt.Sprintf("%x.zip", sha256.Sum256(zip)))
	template, err = InBucket(template, bucket, key, arch)
	return Package{Key: key, Zip: zip, Template: string(template)}, err
}
