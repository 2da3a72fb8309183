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

// NewPackage builds the function of the project for a Go architecture.
func NewPackage(ctx context.Context, bucket, prefix, arch string) (Package, error) {
	root, err := Root()
	if err != nil {
		return Package{}, err
	}
	zip, err := Make(ctx, root, arch)
	if err != nil {
		return Package{}, err
	}
	return PackageOf(root, zip, bucket, prefix, arch)
}

// PackageOf returns the package of a zip of the project at root.
func PackageOf(root string, zip []byte, bucket, prefix, arch string) (Package, error) {
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return Package{}, err
	}
	key := path.Join(prefix, fmt.Sprintf("%x.zip", sha256.Sum256(zip)))
	template, err = InBucket(template, bucket, key, arch)
	return Package{Key: key, Zip: zip, Template: string(template)}, err
}
