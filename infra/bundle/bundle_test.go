package bundle

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
)

// The same source produces the same bytes. Beside the binary the zip has the licences of everything in it, and a list of that.
func TestZip(t *testing.T) {
	var zips [2][]byte
	for n := range zips {
		var err error
		if zips[n], err = Make(t.Context(), "../..", runtime.GOARCH); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("two builds differ")
	}
	archive, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	content := map[string][]byte{}
	for _, f := range archive.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		if f.Name == Bootstrap && f.Mode() != 0o755 {
			t.Errorf("bootstrap has mode %v", f.Mode())
		}
	}
	if diff := cmp.Diff([]string{Bootstrap, LicenceName, NoticesName, SBOMName}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	built, err := buildinfo.Read(bytes.NewReader(content[Bootstrap]))
	if err != nil {
		t.Fatal(err)
	}
	var sbom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(content[SBOMName]), cdx.BOMFileFormatJSON).Decode(&sbom); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, c := range *sbom.Components {
		listed = append(listed, c.Name+" "+c.Version)
		if notice := fmt.Sprintf("%s %s (%s)", c.Name, c.Version, (*c.Licenses)[0].License.ID); !bytes.Contains(content[NoticesName],
			[]byte(notice)) {
			t.Errorf("no notice of %s", notice)
		}
	}
	want := []string{"std " + strings.TrimPrefix(built.GoVersion, "go")}
	for _, d := range built.Deps {
		want = append(want, d.Path+" "+d.Version)
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("-linked +listed:\n%s", diff)
	}
	for _, text := range []string{"Mozilla Public License", "Apache License", "The Go Authors", "AWS SDK for Go"} {
		if !strings.Contains(strings.ToLower(string(content[NoticesName])), strings.ToLower(text)) {
			t.Errorf("the notices have no %q", text)
		}
	}
}

// What has no licence that is known isn't packed.
func TestUnknownLicence(t *testing.T) {
	folder := t.TempDir()
	for text, want := range map[string]error{"All rights reserved.": errNoLicence, "Permission is hereby granted, free of charge": nil} {
		if err := os.WriteFile(filepath.Join(folder, "LICENSE.md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (&module{path: "example.com/x"}).read(folder); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
}

func TestTemplatePointsToTheZip(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := InBucket(text, "b", "k", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n      Code: {S3Bucket: b, S3Key: k}\n", "\n    Default: x86_64\n"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q", want)
		}
	}
	if _, err := Point([]byte("Resources: {}"), "arm64"); err == nil {
		t.Error("a template without the line was accepted")
	}
}

// The function is built with the Go that go.mod names, whichever is installed.
func TestToolchain(t *testing.T) {
	want, err := Toolchain("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), Bootstrap)
	if err := Build(t.Context(), "../..", "arm64", file); err != nil {
		t.Fatal(err)
	}
	built, err := buildinfo.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if built.GoVersion != want {
		t.Errorf("built with %s, want %s", built.GoVersion, want)
	}
	if _, err := Toolchain(t.TempDir()); err == nil {
		t.Error("a folder without go.mod has a toolchain")
	}
}
