package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"personalize-role/infra/bundle"
)

func main() {
	arch := flag.String("arch", "", "architecture of the function: arm64 or x86_64; the default is arm64, and "+
		"this machine's if AWS_ENDPOINT_URL is set")
	out := flag.String("o", "dist", "folder to write function.zip and template.yaml to")
	binary := flag.String("binary", "", "file to write the binary to, instead")
	flag.Parse()
	err := func() error {
		goarch, err := bundle.ParseArch(*arch)
		switch {
		case err != nil:
			return err
		case *binary != "":
			return bundle.Build(context.Background(), ".", goarch, *binary)
		}
		return run(goarch, *out)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(arch, out string) error {
	zip, err := bundle.Make(context.Background(), ".", arch)
	if err != nil {
		return err
	}
	template, err := os.ReadFile("template.yaml")
	if err != nil {
		return err
	}
	template, err = bundle.Point(template, arch)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, bundle.ZipName), zip, 0o644); err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "README.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(out, "template.yaml"), template, 0o644)
}
