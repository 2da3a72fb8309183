package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"personalize-role/infra/release"
	"personalize-role/lambda/properties"
)

func main() {
	version := flag.String("version", "", "version to release, such as 1.0.0, which must be that of the code")
	out := flag.String("o", "dist", "folder to write release/ and notes.md to")
	flag.Parse()
	if err := run(context.Background(), *version, *out); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, version, out string) error {
	if version != properties.Version {
		return fmt.Errorf("-version %q is not %s, the version of the code. Change lambda/properties/version.go and template.yaml, or the tag",
			version, properties.Version)
	}
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	notes, err := release.Notes(string(changelog), version)
	if err != nil {
		return err
	}
	files, err := release.Files(ctx, ".")
	if err != nil {
		return err
	}
	folder := filepath.Join(out, "release")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), f.Body, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("personalize-role %s\n%s", version, bytes.TrimSpace(files[len(files)-1].Body))
	return os.WriteFile(filepath.Join(out, "notes.md"), []byte(notes), 0o644)
}
